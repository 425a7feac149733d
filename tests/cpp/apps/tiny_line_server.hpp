// A server of one test: accepts on a port of the system's choice, notes what arrives, sends what the test
// says.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace chatterlink::test {

using namespace std::chrono_literals;

/// Blocking and in the test's own thread: accept(), then read() and write(). Every wait ends after 5 s.
class tiny_line_server {
  public:
    explicit tiny_line_server(std::uint16_t port = 0, int family = AF_INET) {
        listener_ = ::socket(family, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (family == AF_INET6) {
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_addr = in6addr_loopback;
            address.sin6_port = htons(port);
            usable_ = bind_and_listen(address);
            port_ = ntohs(address.sin6_port);
        } else {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(port);
            usable_ = bind_and_listen(address);
            port_ = ntohs(address.sin_port);
        }
    }
    ~tiny_line_server() {
        hang_up();
        close_listener();
    }
    tiny_line_server(const tiny_line_server&) = delete;
    tiny_line_server& operator=(const tiny_line_server&) = delete;

    bool usable() const { return usable_; }
    std::uint16_t port() const { return port_; }

    void accept() {
        ASSERT_TRUE(readable(listener_)) << "nobody connects";
        hang_up();
        peer_ = ::accept(listener_, nullptr, nullptr);
        received_.clear();
    }
    /// What has arrived since accept(), once it is at least so long, or the peer has closed, or 5 s are over.
    std::string read(std::size_t at_least) {
        std::array<char, 4096> bytes{};
        while (received_.size() < at_least && readable(peer_)) {
            const auto count = ::recv(peer_, bytes.data(), bytes.size(), 0);
            if (count <= 0) break;
            received_.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return received_;
    }
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(count, 0);
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// How much the peer takes within the time, of at most so many bytes.
    std::size_t write_while_taken(std::size_t most, std::chrono::milliseconds patience) {
        const std::string lines = "0123456789abcde\n";
        std::size_t taken = 0;
        while (taken < most) {
            pollfd wait{peer_, POLLOUT, 0};
            if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) break;
            const auto count = ::send(peer_, lines.data() + taken % lines.size(),
                                      lines.size() - taken % lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count <= 0) break;
            taken += static_cast<std::size_t>(count);
        }
        return taken;
    }
    /// True when the peer closes its side within 5 s.
    bool peer_closes() {
        std::array<char, 4096> bytes{};
        while (readable(peer_)) {
            if (::recv(peer_, bytes.data(), bytes.size(), 0) <= 0) return true;
        }
        return false;
    }
    void hang_up() {
        if (peer_ >= 0) ::close(peer_);
        peer_ = -1;
    }
    void close_listener() {
        if (listener_ >= 0) ::close(listener_);
        listener_ = -1;
    }

  private:
    template <class Address>
    bool bind_and_listen(Address& address) {
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        return listener_ >= 0 && ::bind(listener_, any, size) == 0 && ::listen(listener_, 8) == 0 &&
               ::getsockname(listener_, any, &size) == 0;
    }
    static bool readable(int fd) {
        pollfd wait{fd, POLLIN, 0};
        return ::poll(&wait, 1, 5000) > 0;
    }

    int listener_ = -1;
    int peer_ = -1;
    std::uint16_t port_ = 0;
    bool usable_ = false;
    std::string received_;
};

/// Polls until it is so; false after 5 s.
template <class Condition>
bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

}  // namespace chatterlink::test
