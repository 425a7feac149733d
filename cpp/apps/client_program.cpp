// `chatterlink client`: the terminal program. The pieces are client_link (the connection), terminal_editor or
// client_input (what is typed) and client_view (what is shown); here they meet.
#include <poll.h>

#include <langinfo.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

#include "apps/client_connect.hpp"
#include "apps/client_input.hpp"
#include "apps/client_link.hpp"
#include "apps/client_options.hpp"
#include "apps/client_signals.hpp"
#include "apps/client_view.hpp"
#include "apps/programs.hpp"
#include "apps/standard_streams.hpp"
#include "apps/terminal_editor.hpp"
#include "base/clock.hpp"

namespace chatterlink::apps {
namespace {

using base::milliseconds;
using base::steady_now;
using base::steady_time;

constexpr std::size_t events_at_once = 1000;  // printed in one go; then the keyboard is looked at again

// After the end of the input, from a pipe or file:
constexpr milliseconds quiet_time{300};     // nothing came for so long: leave ...
constexpr milliseconds answer_time{1000};   // ... but wait so long while fewer lines came than were sent
constexpr milliseconds longest_wait{2000};  // leave anyway
constexpr milliseconds longest_away{5000};  // the server is away and lines are kept: give up

/// The chat is UTF-8, so the terminal is read and drawn as UTF-8 where the system has any such locale, even
/// when none is set (ssh without LANG). Puts back what was set.
class utf8_locale {
  public:
    utf8_locale() {
        if (const char* now = std::setlocale(LC_CTYPE, nullptr)) before_ = now;
        for (const char* name : {"", "C.UTF-8", "en_US.UTF-8"}) {
            if (std::setlocale(LC_CTYPE, name) != nullptr &&
                std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0)
                return;
        }
        std::setlocale(LC_CTYPE, "");
    }
    ~utf8_locale() { std::setlocale(LC_CTYPE, before_.c_str()); }
    utf8_locale(const utf8_locale&) = delete;
    utf8_locale& operator=(const utf8_locale&) = delete;

  private:
    std::string before_ = "C";
};

/// Handles the signals that wait; true when one of them says to leave.
bool told_to_leave(client_signals& signals) {
    bool leave = false;
    while (const auto signal = signals.next()) {
        if (*signal == SIGTSTP) {
            signals.suspend();
        } else if (*signal != SIGWINCH) {
            leave = true;
        }
    }
    return leave;
}

/// Waits for the first connection: the event, or nothing when told to leave.
std::optional<link_event> first_event(client_link& link, client_signals& signals) {
    while (true) {
        if (auto events = link.take(1); !events.empty()) return std::move(events.front());
        std::array<pollfd, 2> fds{{{link.wake_fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), -1);
        if (told_to_leave(signals)) return std::nullopt;
    }
}

void tell_unsent(client_view& view, client_link& link) {
    if (const std::size_t kept = link.kept(); kept > 0) {
        view.tell(std::to_string(kept) + (kept == 1 ? " line was not sent" : " lines were not sent"));
    }
}

int talk_in_editor(terminal_editor& editor, client_view& view, client_link& link, client_signals& signals) {
    int code = 0;
    const auto on_line = [&](const std::string& line) {
        if (is_quit(line)) return false;
        if (!line.empty()) view.show_typed(line, link.say(line));
        return true;
    };
    const auto on_wake = [&] {
        for (const link_event& event : link.take(events_at_once)) {
            view.show(event);
            if (event.what == link_event::kind::ended) {
                code = 1;
                return false;
            }
        }
        return true;
    };
    editor.run(link.wake_fd(), signals, {on_line, on_wake});
    return code;
}

/// Without an editor: lines in, lines out. `hint` is told when the server went away without a word.
int talk_in_lines(client_view& view, client_link& link, client_signals& signals, const std::string& hint) {
    client_input input(link);
    // Declared after the input, so run before it goes: frees it from waiting for the link.
    struct stopper {
        client_link& link;
        ~stopper() { link.stop(); }
    } const stop{link};

    std::optional<steady_time> input_ended;
    std::size_t came = 0;  // lines
    bool lost = false;     // the server, and with it perhaps what was said; kept lines sent since then count
    const auto answered = [&] {
        if (!lost || came >= std::max<std::size_t>(input.said(), 1)) return true;
        if (came == 0) view.tell("the server went away without an answer" + hint);
        return false;
    };
    steady_time last_event = steady_now();
    while (true) {
        std::array<pollfd, 3> fds{
            {{link.wake_fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {input.wake_fd(), POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), input_ended ? 20 : -1);
        if (told_to_leave(signals)) return 0;
        for (const std::string& complaint : input.complaints()) view.tell(complaint);

        const auto events = link.take(events_at_once);
        if (!events.empty()) last_event = steady_now();
        for (const link_event& event : events) {
            view.show(event);
            if (event.what == link_event::kind::line) ++came;
            if (event.what == link_event::kind::lost) lost = true;
            if (event.what == link_event::kind::said) lost = false;
            if (event.what == link_event::kind::ended) return 1;
        }
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
            if (errno == EPIPE) return 0;  // whoever read our output has seen enough
            std::fprintf(stderr, "cannot write: %s\n", std::generic_category().message(errno).c_str());
            return 1;
        }

        if (!input.ended()) continue;
        const steady_time now = steady_now();
        if (!input_ended) input_ended = last_event = now;
        if (link.kept() > 0) {
            if (now - *input_ended < longest_away) continue;
            tell_unsent(view, link);
            return 1;
        }
        const milliseconds quiet = came < input.said() ? answer_time : quiet_time;
        if (now - last_event >= quiet || now - *input_ended >= longest_wait) return answered() ? 0 : 1;
    }
}

}  // namespace

int run_client(const std::string& program, const std::vector<std::string>& arguments) {
    open_standard_streams();
    const client_command command = read_client_command(program, arguments);
    if (command.exit_code) return *command.exit_code;

    const utf8_locale locale;
    client_signals signals;
    client_link link(command.options);
    const auto first = first_event(link, signals);
    if (!first) return 0;
    if (first->what == link_event::kind::failed) {
        const char* const hint = ": is the server running? start it with: chatterlink server";
        std::fprintf(stderr, "%s%s\n", first->text.c_str(), command.options.tls ? "" : hint);
        return 1;
    }

    const auto editor = terminal_editor::open(program, "> ");
    const auto print = [&](std::string_view lines) {
        if (editor) {
            editor->print(lines);
        } else {
            std::fwrite(lines.data(), 1, lines.size(), stdout);
        }
    };
    client_view view({.look = look_of_standard_output(),
                      .edited = editor != nullptr,
                      .address = address_text(command.options.host, command.options.port),
                      .out = print});
    view.show(*first);
    if (!editor) {
        const char* const tls_hint = command.options.tls ? "" : ": does it want --tls?";
        return talk_in_lines(view, link, signals, tls_hint);
    }
    const int code = talk_in_editor(*editor, view, link, signals);
    tell_unsent(view, link);
    editor->flush();
    return code;
}

}  // namespace chatterlink::apps
