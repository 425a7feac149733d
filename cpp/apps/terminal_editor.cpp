#include "apps/terminal_editor.hpp"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>

#include "apps/client_utf8.hpp"
#include "apps/terminal_layout.hpp"

namespace chatterlink::apps {
namespace {

constexpr int history_lines = 500;
constexpr wchar_t ctrl_d = 4;

std::string to_utf8(std::wstring_view text) {
    std::string out;
    for (const wchar_t c : text) append_character(out, static_cast<char32_t>(c));
    return out;
}

}  // namespace

// libedit's loop is entered once and stays in raw mode until the end: leaving and entering it for every line
// would let the terminal echo what is typed in between. So Enter is a function of ours that takes the line
// and answers CC_FATAL, libedit's "back to a known state": an empty line and a fresh prompt.
struct terminal_editor::impl {
    EditLine* editor = nullptr;
    HistoryW* history = nullptr;
    std::string prompt;
    std::string pending;  // printed by a handler, not yet shown

    int wake_fd = -1;
    client_signals* signals = nullptr;
    handlers call;
    bool leaving = false;

    std::string bytes;  // read from the terminal, not yet a character

    ~impl() {
        if (editor != nullptr) ::el_end(editor);  // restores the terminal
        if (history != nullptr) ::history_wend(history);
    }

    static impl& of(EditLine* e) {
        void* self = nullptr;
        ::el_get(e, EL_CLIENTDATA, &self);
        return *static_cast<impl*>(self);
    }
    static char* give_prompt(EditLine* e) { return of(e).prompt.data(); }
    static int give_character(EditLine* e, wchar_t* out) { return of(e).read_character(out); }
    static unsigned char give_enter(EditLine* e, int) { return of(e).enter(); }

    bool able() const;
    void set_up();
    int number(const char* capability) const;
    std::wstring_view input() const;
    terminal_extent extent() const;
    void wipe(int cursor_row);
    void write_pending();
    void show_pending();
    unsigned char enter();
    void accept(std::wstring_view typed);
    int read_character(wchar_t* out);
    std::optional<wchar_t> next_character();
    void wait_and_handle();
    void handle_signal(int signal);
    void resized();
};

// Whether it understands ECMA-48, which wipe() speaks. Asked by "one to the right": "one up" is another
// sequence (ESC M) in tmux and screen.
bool terminal_editor::impl::able() const {
    char* right = nullptr;
    return ::el_get(editor, EL_GETTC, "nd", &right) == 0 && right != nullptr &&
           std::strncmp(right, "\x1b[", 2) == 0;
}

void terminal_editor::impl::set_up() {
    ::el_set(editor, EL_CLIENTDATA, this);
    ::el_set(editor, EL_PROMPT, give_prompt);
    ::el_set(editor, EL_SIGNAL, 0);  // client_signals has them
    ::el_set(editor, EL_EDITOR, "emacs");
    ::el_wset(editor, EL_GETCFN, give_character);
    if (history != nullptr) {
        HistEventW event{};
        ::history_w(history, &event, H_SETSIZE, history_lines);
        ::history_w(history, &event, H_SETUNIQUE, 1);
        ::el_wset(editor, EL_HIST, history_w, history);
    }
    ::el_set(editor, EL_BIND, "^I", "ed-insert", nullptr);  // pasted tabs are text
    ::el_source(editor, nullptr);
    ::el_set(editor, EL_EDITMODE, 1);
    ::el_wset(editor, EL_ADDFN, L"chat-enter", L"Say the line", give_enter);
    for (const char* key : {"^M", "^J"}) {
        ::el_set(editor, EL_BIND, key, "chat-enter", nullptr);
        ::el_set(editor, EL_BIND, "-a", key, "chat-enter", nullptr);  // vi's command mode
    }
}

int terminal_editor::impl::number(const char* capability) const {
    int value = 0;
    return ::el_get(editor, EL_GETTC, capability, &value) == 0 ? value : 0;
}

std::wstring_view terminal_editor::impl::input() const {
    const LineInfoW* line = ::el_wline(editor);
    return {line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)};
}

/// By the size libedit draws for, which is not always the terminal's at this moment.
terminal_extent terminal_editor::impl::extent() const {
    const LineInfoW* line = ::el_wline(editor);
    return layout_of(static_cast<int>(prompt.size()), input(),
                     static_cast<std::size_t>(line->cursor - line->buffer), number("co"), number("li"));
}

/// From the cursor's row up to the prompt, everything below goes; the cursor stands where the prompt began.
void terminal_editor::impl::wipe(int cursor_row) {
    if (cursor_row > 0) std::fprintf(stdout, "\x1b[%dA", cursor_row);
    std::fputs("\r\x1b[J", stdout);
}

void terminal_editor::impl::write_pending() {
    std::fwrite(pending.data(), 1, pending.size(), stdout);
    pending.clear();
}

void terminal_editor::impl::show_pending() {
    if (pending.empty()) return;
    wipe(extent().cursor_row);
    write_pending();
    ::el_set(editor, EL_REFRESH);
}

unsigned char terminal_editor::impl::enter() {
    wipe(extent().cursor_row);
    accept(input());
    return leaving ? CC_NEWLINE : CC_FATAL;
}

void terminal_editor::impl::accept(std::wstring_view typed) {
    // A newline comes along only when a key of the user's own ~/.editrc entered the line.
    const std::wstring wide(typed.substr(0, typed.find_last_not_of(L"\r\n") + 1));
    if (history != nullptr && wide.find_first_not_of(L" \t") != std::wstring::npos) {
        HistEventW event{};
        ::history_w(history, &event, H_ENTER, wide.c_str());
    }
    std::string line = to_utf8(wide);
    std::replace(line.begin(), line.end(), '\n', ' ');
    leaving = !call.on_line(line);
    write_pending();
}

/// Called by libedit whenever it wants a key. 1: a character, 0: the end.
int terminal_editor::impl::read_character(wchar_t* out) {
    while (!leaving) {
        const std::optional<wchar_t> c = next_character();
        if (!c) {
            wait_and_handle();
            continue;
        }
        if (*c == ctrl_d && input().empty()) break;
        *out = *c;
        return 1;
    }
    if (!leaving) {
        leaving = true;
        wipe(0);
    } else {
        wipe(extent().cursor_row);
    }
    *out = L'\0';
    return 0;
}

/// The first whole UTF-8 character of what was read; invalid bytes are dropped. Nothing: more is needed.
std::optional<wchar_t> terminal_editor::impl::next_character() {
    while (!bytes.empty()) {
        const auto [what, value, length] = first_character(bytes);
        if (what == utf8_character::kind::unfinished) return std::nullopt;
        bytes.erase(0, length);
        if (what == utf8_character::kind::whole) return static_cast<wchar_t>(value);
    }
    return std::nullopt;
}

void terminal_editor::impl::wait_and_handle() {
    std::array<pollfd, 3> fds{{{STDIN_FILENO, POLLIN, 0}, {wake_fd, POLLIN, 0}, {signals->fd(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) {
        if (errno != EINTR) leaving = true;
        return;
    }
    if (fds[2].revents != 0) {
        while (const auto signal = signals->next()) handle_signal(*signal);
    }
    if (fds[1].revents != 0 && !leaving) {
        const bool stay = call.on_wake();
        show_pending();
        leaving = leaving || !stay;
    }
    if (fds[0].revents != 0 && !leaving) {
        std::array<char, 4096> some{};
        const auto count = ::read(STDIN_FILENO, some.data(), some.size());
        if (count > 0) {
            bytes.append(some.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            leaving = true;  // the terminal is gone
        }
    }
}

void terminal_editor::impl::handle_signal(int signal) {
    switch (signal) {
        case SIGWINCH:
            resized();
            break;
        case SIGTSTP:
            wipe(extent().cursor_row);
            std::fflush(stdout);
            ::el_set(editor, EL_PREP_TERM, 0);
            signals->suspend();
            ::el_set(editor, EL_PREP_TERM, 1);
            ::el_resize(editor);
            ::el_set(editor, EL_REFRESH);
            break;
        default:
            leaving = true;
    }
}

/// Some terminals fold long lines anew when their width changes, some do not: the smaller of both rows never
/// wipes anything but the typed line, at worst it leaves a piece of it behind.
void terminal_editor::impl::resized() {
    const int before = extent().cursor_row;
    ::el_resize(editor);
    wipe(std::min(before, extent().cursor_row));
    ::el_set(editor, EL_REFRESH);
}

terminal_editor::terminal_editor(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

terminal_editor::~terminal_editor() = default;

std::unique_ptr<terminal_editor> terminal_editor::open(const std::string& program, std::string prompt) {
    const char* terminal = std::getenv("TERM");
    if (terminal == nullptr || *terminal == '\0' || std::strcmp(terminal, "dumb") == 0) return nullptr;
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return nullptr;
    auto i = std::make_unique<impl>();
    i->prompt = std::move(prompt);
    i->editor = ::el_init(program.c_str(), stdin, stdout, stderr);
    if (i->editor == nullptr || !i->able()) return nullptr;
    i->history = ::history_winit();
    i->set_up();
    return std::unique_ptr<terminal_editor>(new terminal_editor(std::move(i)));
}

void terminal_editor::run(int wake_fd, client_signals& signals, handlers what) {
    impl_->wake_fd = wake_fd;
    impl_->signals = &signals;
    impl_->call = std::move(what);
    impl_->leaving = false;
    // libedit shows the prompt before it switches the echo off; what is typed at that moment would show
    // twice.
    ::el_set(impl_->editor, EL_PREP_TERM, 1);
    impl_->wipe(0);  // what the terminal echoed until now; it is read, and drawn, again
    impl_->write_pending();
    while (!impl_->leaving) {
        int count = 0;
        const wchar_t* line = ::el_wgets(impl_->editor, &count);
        if (line == nullptr) break;
        if (!impl_->leaving) impl_->accept({line, static_cast<std::size_t>(count)});
    }
    std::fflush(stdout);
    ::el_set(impl_->editor, EL_PREP_TERM, 0);
}

void terminal_editor::flush() {
    impl_->write_pending();
    std::fflush(stdout);
}

void terminal_editor::print(std::string_view lines) {
    impl_->pending += lines;
}

}  // namespace chatterlink::apps
