#include "apps/client_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "chat/line_protocol.hpp"

namespace chatterlink::apps {
namespace {

/// A little below what the server allows: its clock and ours do not tick together.
chat::rate_limit polite(chat::rate_limit limit) {
    return {limit.per_second * 0.95, limit.burst - std::min(limit.burst - 1, limit.burst / 10)};
}

}  // namespace

client_input::client_input(client_link& link)
    : link_(link), pace_(polite(chat::rate_limits{}.messages)), thread_([this] { run(); }) {}

client_input::~client_input() {
    stop_.set();
    thread_.join();
}

std::vector<std::string> client_input::complaints() {
    const std::lock_guard lock(mutex_);
    wake_.clear();
    return std::exchange(complaints_, {});
}

void client_input::complain(std::string sentence) {
    const std::lock_guard lock(mutex_);
    complaints_.push_back(std::move(sentence));
    wake_.set();
}

void client_input::run() {
    std::array<char, 64 * 1024> bytes{};
    std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    while (true) {
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
        if (fds[1].revents != 0) break;
        if (fds[0].revents == 0) continue;
        const auto count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0) {
            if (!waiting_.empty()) say(std::exchange(waiting_, {}));
            break;
        }
        if (!take({bytes.data(), static_cast<std::size_t>(count)})) break;
    }
    ended_ = true;
    wake_.set();
}

/// False when no more is to be read.
bool client_input::take(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        if (!skipping_) waiting_ += part;
        if (waiting_.size() > chat::max_line_bytes + 1) {
            complain("not sent: a line of more than " + std::to_string(chat::max_line_bytes) + " bytes");
            waiting_.clear();
            skipping_ = true;
        }
        if (end == std::string_view::npos) return true;
        bytes.remove_prefix(end + 1);
        if (std::exchange(skipping_, false)) continue;
        if (!say(std::exchange(waiting_, {}))) return false;
    }
    return true;
}

bool client_input::say(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_quit(line)) return false;
    while (const auto wait = pace_.take(base::steady_now())) {
        pollfd stop{stop_.fd(), POLLIN, 0};
        if (::poll(&stop, 1, static_cast<int>(wait->count())) > 0) return false;
    }
    switch (link_.say_patiently(std::string(line))) {
        case client_link::outcome::full:
            return false;
        case client_link::outcome::too_long:
            complain("not sent: a line of more than " + std::to_string(chat::max_line_bytes) + " bytes");
            return true;
        default:
            ++said_;
            return true;
    }
}

bool is_quit(std::string_view line) {
    constexpr std::string_view spaces = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(spaces), line.size()));
    line = line.substr(0, line.find_last_not_of(spaces) + 1);
    return line == "quit" || chat::parse_line(line).command == chat::line_command::quit;
}

}  // namespace chatterlink::apps
