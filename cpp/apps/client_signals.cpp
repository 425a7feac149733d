#include "apps/client_signals.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "apps/client_wake.hpp"
#include "base/error.hpp"

namespace chatterlink::apps {
namespace {

std::atomic<int> note_to{-1};

void note(int signal) {
    const int saved = errno;
    const auto byte = static_cast<unsigned char>(signal);
    [[maybe_unused]] const auto written = ::write(note_to.load(), &byte, 1);
    errno = saved;
}

struct sigaction noting() {
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    return action;  // without SA_RESTART: whoever waits looks
}

}  // namespace

client_signals::client_signals() {
    if (::pipe(ends_.data()) != 0) {
        throw base::failure(base::fail(base::errc::io_failed, std::generic_category().message(errno)));
    }
    for (const int end : ends_) make_private_and_nonblocking(end);
    note_to = ends_[1];
    for (std::size_t i = 0; i < caught.size(); ++i) {
        struct sigaction action = noting();
        if (caught[i] == SIGPIPE) action.sa_handler = SIG_IGN;
        ::sigaction(caught[i], nullptr, &before_[i]);
        const bool can_be_ignored = caught[i] == SIGINT || caught[i] == SIGHUP || caught[i] == SIGTSTP;
        if (!can_be_ignored || before_[i].sa_handler != SIG_IGN) ::sigaction(caught[i], &action, nullptr);
    }
}

client_signals::~client_signals() {
    for (std::size_t i = 0; i < caught.size(); ++i) ::sigaction(caught[i], &before_[i], nullptr);
    note_to = -1;
    for (const int end : ends_) ::close(end);
}

std::optional<int> client_signals::next() noexcept {
    unsigned char byte = 0;
    if (::read(ends_[0], &byte, 1) != 1) return std::nullopt;
    return byte;
}

void client_signals::suspend() noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGTSTP, &action, nullptr);
    ::raise(SIGTSTP);
    action = noting();
    ::sigaction(SIGTSTP, &action, nullptr);
}

}  // namespace chatterlink::apps
