// A client that says exactly the bytes it is told to, on a blocking loopback socket, and reads HTTP answers
// and WebSocket frames. Whatever does not come within 10 s throws, which fails the test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace chatterlink::test {

struct http_answer {
    unsigned status = 0;
    std::string head;                           // status line and fields, as they came
    std::map<std::string, std::string> fields;  // by lower-case name; the last of each
    std::string body;

    std::string field(const std::string& name) const {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    }
};

struct websocket_message {
    unsigned opcode = 0;
    std::string payload;

    /// Of a close frame; 1005 when it holds none.
    unsigned close_code() const {
        if (payload.size() < 2) return 1005;
        return static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
    }
};

class raw_client {
  public:
    static constexpr std::chrono::milliseconds patience{10'000};

    /// `receive_buffer`: bytes the kernel may keep for it, 0 for the system's choice.
    explicit raw_client(std::uint16_t port, int receive_buffer = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0)
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("cannot connect");
    }
    ~raw_client() { close(); }
    raw_client(raw_client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;
    raw_client& operator=(raw_client&&) = delete;

    /// False when the server has closed the connection.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    /// Closes with a reset (RST) instead of an orderly end.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void shut_down_writing() { ::shutdown(socket_, SHUT_WR); }

    std::string read_exactly(std::size_t n) {
        while (read_.size() < n) more();
        return take(n);
    }
    std::string read_through(std::string_view end) {
        std::size_t at = 0;
        while ((at = read_.find(end)) == std::string::npos) more();
        return take(at + end.size());
    }
    /// Everything up to the server's end of the connection.
    std::string read_to_end(std::chrono::milliseconds within = patience) {
        const auto until = std::chrono::steady_clock::now() + within;
        while (more_until(until)) {
        }
        return std::exchange(read_, {});
    }
    /// Whether the server closes the connection in time; what it still says is thrown away.
    bool closed(std::chrono::milliseconds within = patience) {
        try {
            read_to_end(within);
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    /// Takes up to so many bytes from the kernel's hands, if there are any, and throws them away.
    void take_crumb(std::size_t n) {
        std::string crumb(n, '\0');
        (void)::recv(socket_, crumb.data(), crumb.size(), MSG_DONTWAIT);
    }
    /// Whether nothing comes for that long.
    bool silent(std::chrono::milliseconds time) {
        pollfd wait{socket_, POLLIN, 0};
        return read_.empty() && ::poll(&wait, 1, static_cast<int>(time.count())) == 0;
    }

    /// `bodiless`: the answer to a HEAD.
    http_answer read_answer(bool bodiless = false) {
        http_answer a;
        a.head = read_through("\r\n\r\n");
        a.status = static_cast<unsigned>(std::stoul(a.head.substr(a.head.find(' ') + 1)));
        for (std::size_t at = a.head.find("\r\n") + 2; at + 2 < a.head.size();) {
            const auto end = a.head.find("\r\n", at);
            const auto colon = a.head.find(": ", at);
            std::string name = a.head.substr(at, colon - at);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            a.fields[name] = a.head.substr(colon + 2, end - colon - 2);
            at = end + 2;
        }
        if (!bodiless && a.fields.contains("content-length"))
            a.body = read_exactly(std::stoul(a.fields["content-length"]));
        return a;
    }
    http_answer ask(std::string_view request) {
        send(request);
        return read_answer(request.starts_with("HEAD "));
    }
    http_answer get(const std::string& target, const std::string& fields = {}) {
        return ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
    }
    http_answer post(const std::string& target, const std::string& body, const std::string& fields = {}) {
        return ask("POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body);
    }

    // ---- WebSocket (RFC 6455) ----

    static std::string upgrade_request(const std::string& target, const std::string& fields = {}) {
        return "GET " + target +
               " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
               fields + "\r\n";
    }
    http_answer upgrade(const std::string& target, const std::string& fields = {}) {
        return ask(upgrade_request(target, fields));
    }

    static std::string client_frame(unsigned opcode, std::string_view payload, bool final = true) {
        std::string frame(1, static_cast<char>((final ? 0x80u : 0u) | opcode));
        if (payload.size() < 126) {
            frame.push_back(static_cast<char>(0x80 | payload.size()));
        } else if (payload.size() <= 0xffff) {
            frame.push_back(static_cast<char>(0x80 | 126));
            for (int shift = 8; shift >= 0; shift -= 8)
                frame.push_back(static_cast<char>(payload.size() >> shift));
        } else {
            frame.push_back(static_cast<char>(0x80 | 127));
            for (int shift = 56; shift >= 0; shift -= 8)
                frame.push_back(static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift));
        }
        constexpr char mask[] = {0x12, 0x34, 0x56, 0x78};
        frame.append(mask, 4);
        for (std::size_t i = 0; i < payload.size(); ++i)
            frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
        return frame;
    }
    bool ws_text(std::string_view payload) { return send(client_frame(0x1, payload)); }
    bool ws_binary(std::string_view payload) { return send(client_frame(0x2, payload)); }

    websocket_message ws_read() {
        const auto head = read_exactly(2);
        const auto second = static_cast<unsigned char>(head[1]);
        if ((second & 0x80) != 0) throw std::runtime_error("a masked frame from the server");
        std::uint64_t size = second;
        if (second >= 126) {
            size = 0;
            for (const char c : read_exactly(second == 126 ? 2 : 8))
                size = size << 8 | static_cast<unsigned char>(c);
        }
        return {static_cast<unsigned>(head[0]) & 0x0f, read_exactly(static_cast<std::size_t>(size))};
    }
    std::string ws_read_text() {
        auto m = ws_read();
        if (m.opcode != 0x1) throw std::runtime_error("no text frame but opcode " + std::to_string(m.opcode));
        return std::move(m.payload);
    }

  private:
    std::string take(std::size_t n) {
        std::string front = read_.substr(0, n);
        read_.erase(0, n);
        return front;
    }
    void more() {
        if (!more_until(std::chrono::steady_clock::now() + patience))
            throw std::runtime_error("the server closed the connection after: " + read_.substr(0, 500));
    }
    // False at the end of the connection, orderly or not.
    bool more_until(std::chrono::steady_clock::time_point until) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd wait{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0)
            throw std::runtime_error("nothing came in time after: " + read_.substr(0, 500));
        char bytes[65536];
        const auto n = ::recv(socket_, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        read_.append(bytes, static_cast<std::size_t>(n));
        return true;
    }

    int socket_;
    std::string read_;  // came, but nobody asked for it yet
};

}  // namespace chatterlink::test
