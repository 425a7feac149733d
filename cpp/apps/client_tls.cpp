#include "apps/client_tls.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "apps/client_connect.hpp"
#include "base/error.hpp"
#include "net/tls_context.hpp"

namespace chatterlink::apps {
namespace {

using base::errc;
using base::fail;
using base::failure;
using net::tls_step;

// Waits for the socket; false when the time is over.
bool wait_for(int fd, short events, base::steady_time until, int cancel_fd) {
    for (;;) {
        const auto left = std::chrono::ceil<base::milliseconds>(until - base::steady_now()).count();
        std::array<pollfd, 2> fds{{{fd, events, 0}, {cancel_fd, POLLIN, 0}}};
        const int ready =
            ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long long>(left, 0, 1'000'000)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready > 0 && fds[1].revents != 0) throw failure(fail(errc::shutting_down, "called off"));
        return ready > 0;
    }
}

}  // namespace

client_tls::client_tls(int fd, const std::string& host, const std::filesystem::path& ca_file,
                       base::steady_time until, int cancel_fd) {
    auto trust = net::open_tls_trust(ca_file);
    if (!trust) throw failure(trust.error());
    engine_.emplace(*trust, host);
    const auto refuse = [](const std::string& why) {
        throw failure(fail(errc::io_failed, "no TLS connection (" + why + ")"));
    };
    for (;;) {
        const auto step = engine_->handshake();
        while (!engine_->output().empty()) {
            const auto bytes = engine_->output();
            const auto n = ::send(fd, bytes.data(), bytes.size(), send_flags);
            if (n > 0) {
                engine_->sent(static_cast<std::size_t>(n));
            } else if (errno != EAGAIN && errno != EINTR) {
                break;  // the reading below knows more
            } else if (!wait_for(fd, POLLOUT, until, cancel_fd)) {
                refuse("no answer");
            }
        }
        if (step == tls_step::done) return;
        if (step != tls_step::want_more) refuse(engine_->reason());
        if (!wait_for(fd, POLLIN, until, cancel_fd)) refuse("no answer");
        std::array<char, 16 * 1024> bytes;
        const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) refuse("the server closed it");
        if (n > 0) engine_->feed({bytes.data(), static_cast<std::size_t>(n)});
    }
}

std::string client_tls::take_output() {
    std::string bytes(engine_->output());
    engine_->sent(bytes.size());
    return bytes;
}

std::string client_tls::encrypt(std::string_view text) {
    const std::lock_guard guard(lock_);
    if (engine_->write(text) != tls_step::done) return {};
    return take_output();
}

std::string client_tls::goodbye() {
    const std::lock_guard guard(lock_);
    engine_->shut_down();
    return take_output();
}

// Answers that TLS itself has to give (key updates) wait for the next line that is sent, as RFC 8446 §4.6.3
// allows, so that two threads never send at once.
bool client_tls::decrypt(std::string_view came, std::string& plain) {
    const std::lock_guard guard(lock_);
    engine_->feed(came);
    std::array<char, 16 * 1024> room;
    for (;;) {
        const auto got = engine_->read(room);
        if (got.step == tls_step::want_more) return true;
        if (got.step != tls_step::done) return false;
        plain.append(room.data(), got.bytes);
    }
}

}  // namespace chatterlink::apps
