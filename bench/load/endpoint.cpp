#include "load/endpoint.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

constexpr unsigned most_sources = 100;

address unix_address(const std::string& path) {
    sockaddr_un un{};
    if (path.size() >= sizeof un.sun_path)
        throw could_not_run("the path of the Unix socket is too long: " + path);
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.c_str(), path.size() + 1);
    address found;
    std::memcpy(&found.storage, &un, sizeof un);
    found.length = sizeof un;
    return found;
}

std::vector<address> resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (code != 0) throw could_not_run("cannot find the host '" + host + "': " + ::gai_strerror(code));
    std::vector<address> found;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        address one;
        std::memcpy(&one.storage, a->ai_addr, a->ai_addrlen);
        one.length = a->ai_addrlen;
        found.push_back(one);
    }
    ::freeaddrinfo(list);
    return found;
}

// 0, or why not. Blocks: it is the first thing a measurement does.
int try_once(const address& to) {
    const int fd = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    const int problem =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0 ? 0 : errno;
    ::close(fd);
    return problem;
}

bool in_loopback_network(const address& a) {
    if (a.storage.ss_family != AF_INET) return false;
    sockaddr_in in{};
    std::memcpy(&in, &a.storage, sizeof in);
    return (ntohl(in.sin_addr.s_addr) >> 24U) == 127;
}

}  // namespace

endpoint::endpoint(const std::string& host, std::uint16_t port, const std::string& unix_socket,
                   std::size_t connections_of_one_source)
    : connections_of_one_source_(connections_of_one_source) {
    const bool is_unix = !unix_socket.empty();
    const bool six = host.find(':') != std::string::npos;
    host_ = is_unix ? "localhost" : (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
    name_ = is_unix ? "unix:" + unix_socket : host_;
    int problem = 0;
    for (const auto& each : is_unix ? std::vector{unix_address(unix_socket)} : resolve(host, port)) {
        problem = try_once(each);
        if (problem != 0) continue;
        server_ = each;
        many_sources_ = in_loopback_network(each);
        return;
    }
    throw could_not_run("cannot connect to " + name_ + ": " + reason(problem));
}

int endpoint::open_socket() {
    const auto first = static_cast<unsigned>(opened_ / connections_of_one_source_ % most_sources);
    ++opened_;
    for (unsigned source = first;; ++source) {
        const int fd = open_from(source);
        if (fd >= 0) return fd;
        const int problem = errno;
        if (problem == EADDRNOTAVAIL && many_sources_ && source < most_sources) continue;
        const char* hint = "";
        if (problem == EADDRNOTAVAIL) hint = "; no port is free: wait a minute, or take fewer clients";
        throw could_not_run("cannot connect to " + name_ + ": " + reason(problem) + hint);
    }
}

// -1 and errno.
int endpoint::open_from(unsigned source) {
    // A Unix socket whose backlog is full says EAGAIN at once, and nothing tells when to try again; so that
    // one may block.
    const bool is_unix = server_.storage.ss_family == AF_UNIX;
    const int fd =
        ::socket(server_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (is_unix ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0) return -1;
    const auto give_up = [fd] {
        const int problem = errno;
        ::close(fd);
        errno = problem;
        return -1;
    };
    const int on = 1;
    if (!is_unix) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (many_sources_ && source > 0) {
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source);
        // The port is chosen at connect(), for this server alone, and not kept from connections to others.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return give_up();
    }
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&server_.storage), server_.length) != 0 &&
        errno != EINPROGRESS)
        return give_up();
    if (is_unix) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

void allow_open_files(std::size_t needed) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < needed)
        throw could_not_run("that takes " + std::to_string(needed) +
                            " open files, and this process may have " + std::to_string(limit.rlim_cur) +
                            " (ulimit -Hn)");
}

}  // namespace chatterlink::load
