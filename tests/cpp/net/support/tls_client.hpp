// A client that speaks TLS on a blocking loopback socket. Whatever does not come within 10 s throws.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/tls_engine.hpp"

namespace chatterlink::test {

class tls_client {
  public:
    /// Connects and shakes hands.
    tls_client(std::uint16_t port, const std::shared_ptr<ssl_ctx_st>& trust)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          engine_(trust, std::string("localhost")) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("cannot connect");
        for (;;) {
            const auto step = engine_.handshake();
            flush();
            if (step == net::tls_step::done) return;
            if (step != net::tls_step::want_more || !fetch())
                throw std::runtime_error("no handshake: " + engine_.reason());
        }
    }
    ~tls_client() { close(); }
    tls_client(const tls_client&) = delete;
    tls_client& operator=(const tls_client&) = delete;

    void send(std::string_view text) {
        engine_.write(text);
        flush();
    }
    void say_goodbye() {
        engine_.shut_down();
        flush();
    }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    /// Reads until the text ends so; throws at the end of the connection.
    std::string read_through(std::string_view end) {
        for (;;) {
            if (const auto at = read_.find(end); at != std::string::npos) {
                std::string front = read_.substr(0, at + end.size());
                read_.erase(0, at + end.size());
                return front;
            }
            if (!more()) throw std::runtime_error("the connection ended after: " + read_);
        }
    }
    /// Everything to the end; `goodbye` tells whether the server said that it is one.
    std::string read_to_end(bool& goodbye) {
        while (more()) {
        }
        goodbye = ended_;
        return std::exchange(read_, {});
    }
    std::string get(const std::string& target, const std::string& fields = {}) {
        send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
        const auto head = read_through("\r\n\r\n");
        const auto at = head.find("Content-Length: ");
        const auto size = std::stoul(head.substr(at + 16));
        while (read_.size() < size)
            if (!more()) throw std::runtime_error("the connection ended in a body");
        std::string body = read_.substr(0, size);
        read_.erase(0, size);
        return body;
    }

  private:
    bool more() {
        for (;;) {
            char room[16384];
            const auto got = engine_.read(room);
            flush();
            if (got.step == net::tls_step::done) {
                read_.append(room, got.bytes);
                return true;
            }
            ended_ = ended_ || got.step == net::tls_step::closed;
            if (got.step != net::tls_step::want_more || !fetch()) return false;
        }
    }
    bool fetch() {
        pollfd wait{socket_, POLLIN, 0};
        if (::poll(&wait, 1, 10'000) <= 0) throw std::runtime_error("nothing came in time after: " + read_);
        char bytes[16384];
        const auto n = ::recv(socket_, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        engine_.feed({bytes, static_cast<std::size_t>(n)});
        return true;
    }
    void flush() {
        while (!engine_.output().empty()) {
            const auto bytes = engine_.output();
            const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            engine_.sent(static_cast<std::size_t>(n));
        }
    }

    int socket_;
    net::tls_engine engine_;
    std::string read_;
    bool ended_ = false;
};

}  // namespace chatterlink::test
