// A server's listening socket, for tests that are server and client in one thread.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace chatterlink::load {

/// Accepts on a free port of the loopback network.
class listener {
  public:
    listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&here), size), 0);
        EXPECT_EQ(::listen(fd_, 64), 0);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size);
        port_ = ntohs(here.sin_port);
    }
    ~listener() { ::close(fd_); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    /// The next connection, which has been made or is being made.
    int accept() {
        socklen_t size = sizeof from_;
        const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&from_), &size, SOCK_CLOEXEC);
        EXPECT_GE(fd, 0);
        return fd;
    }

    /// Where the next connection comes from; it is closed.
    std::string source() {
        ::close(accept());
        char text[INET_ADDRSTRLEN] = "";
        ::inet_ntop(AF_INET, &from_.sin_addr, text, sizeof text);
        return text;
    }

  private:
    int fd_;
    std::uint16_t port_ = 0;
    sockaddr_in from_{};
};

}  // namespace chatterlink::load
