#include "apps/client_connect.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/client_wake.hpp"
#include "base/ascii.hpp"
#include "base/error.hpp"

namespace chatterlink::apps {

#ifdef MSG_NOSIGNAL
const int send_flags = MSG_NOSIGNAL;
#else
const int send_flags = 0;  // SO_NOSIGPIPE is set on the socket instead
#endif

namespace {

using base::steady_time;

struct address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    int family = 0;
};

[[noreturn]] void called_off() {
    throw base::failure(base::fail(base::errc::shutting_down, "called off"));
}

std::string reason_of(int code) {
    std::string text = std::generic_category().message(code);
    if (!text.empty()) text[0] = base::lower(text[0]);
    return text;
}

/// What a look-up found. getaddrinfo() cannot be interrupted and may take longer than anybody waits, so it
/// runs in a thread of its own, and whoever ends last drops this.
struct look_up {
    client_wake done;
    std::mutex mutex;
    std::vector<address> found;
    std::string problem;
};

void resolve_into(look_up& result, const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    const std::lock_guard lock(result.mutex);
    result.found.clear();
    result.problem = code == 0 ? "" : code == EAI_SYSTEM ? reason_of(errno) : "unknown host";
    if (code == EAI_AGAIN) result.problem = "the name could not be looked up now";
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        address one;
        if (a->ai_addrlen > sizeof one.storage) continue;
        std::memcpy(&one.storage, a->ai_addr, a->ai_addrlen);
        one.length = a->ai_addrlen;
        one.family = a->ai_family;
        result.found.push_back(one);
    }
    if (list != nullptr) ::freeaddrinfo(list);
    result.done.set();
}

std::vector<address> resolve(const std::string& host, std::uint16_t port, steady_time until, int cancel_fd,
                             std::string& problem) {
    const auto result = std::make_shared<look_up>();
    resolve_into(*result, host, port, AI_NUMERICHOST);
    if (result->found.empty()) {
        result->done.clear();
        std::thread([result, host, port] { resolve_into(*result, host, port, AI_ADDRCONFIG); }).detach();
        std::array<pollfd, 2> fds{{{result->done.fd(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
        while (::poll(fds.data(), fds.size(), poll_timeout(until)) < 0 && errno == EINTR) {
        }
        if (fds[1].revents != 0) called_off();
        if (fds[0].revents == 0) {
            problem = "the name could not be looked up in time";
            return {};
        }
    }
    const std::lock_guard lock(result->mutex);
    problem = result->problem;
    return result->found;
}

/// Tries one address; the socket, or -1 and errno.
int try_address(const address& to, steady_time until, int cancel_fd) {
    const int fd = ::socket(to.family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    make_private_and_nonblocking(fd);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    int problem = 0;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0) problem = errno;
    if (problem == EINPROGRESS || problem == EINTR) {
        std::array<pollfd, 2> fds{{{fd, POLLOUT, 0}, {cancel_fd, POLLIN, 0}}};
        int ready = 0;
        do {
            ready = ::poll(fds.data(), fds.size(), poll_timeout(until));
        } while (ready < 0 && errno == EINTR);
        if (ready > 0 && fds[1].revents != 0) {
            ::close(fd);
            called_off();
        }
        socklen_t size = sizeof problem;
        if (ready == 0) {
            problem = ETIMEDOUT;
        } else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) {
            problem = errno;
        }
    }
    if (problem == 0) return fd;
    ::close(fd);
    errno = problem;
    return -1;
}

}  // namespace

std::string address_text(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

int connect_to(const std::string& host, std::uint16_t port, base::milliseconds limit, int cancel_fd) {
    const steady_time until = base::steady_now() + limit;
    std::string problem;
    const std::vector<address> addresses = resolve(host, port, until, cancel_fd, problem);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto now = base::steady_now();
        const auto share = (until - now) / static_cast<long>(addresses.size() - i);
        const int fd = try_address(addresses[i], now + share, cancel_fd);
        if (fd >= 0) return fd;
        problem = reason_of(errno);
    }
    if (problem.empty()) problem = "the host has no address";
    throw base::failure(
        base::fail(base::errc::io_failed, "cannot reach " + address_text(host, port) + " (" + problem + ")"));
}

}  // namespace chatterlink::apps
