#include "load/websocket_stream.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <vector>

#include "bench/listener.hpp"

namespace chatterlink::load {
namespace {

const std::string switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const std::string deflating =
    switching + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
const std::string plain = switching + "\r\n";

// "hello", compressed (the example of RFC 7692 §7.2.3.1).
const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);

// A frame as servers send it.
std::string frame_of(unsigned first, const std::string& payload) {
    return std::string{static_cast<char>(first), static_cast<char>(payload.size())} + payload;
}

// A stream on a connection, whose other end the test holds.
class world : public connection_owner {
  public:
    explicit world(bool with_deflate = false)
        : to_("127.0.0.1", listener_.port(), ""),
          connection_(loop_, *this),
          stream_(connection_, with_deflate ? &inflater_ : nullptr) {
        ::close(listener_.accept());  // the endpoint's look
        connection_.open(to_);
        peer_ = listener_.accept();
        until([this] { return connected_; });
    }
    ~world() override { ::close(peer_); }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    // The server's bytes, in pieces of that size.
    void give(const std::string& bytes, std::size_t piece = 1'000'000) {
        for (std::size_t at = 0; at < bytes.size() && connection_.is_open(); at += piece) {
            const auto part = bytes.substr(at, piece);
            ASSERT_EQ(::send(peer_, part.data(), part.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(part.size()));
            const auto before = read_;
            until([&] { return read_ > before || !connection_.is_open(); });
        }
    }

    // What has arrived at the server, once there is something.
    std::string taken() {
        pollfd wait{peer_, POLLIN, 0};
        EXPECT_EQ(::poll(&wait, 1, 10'000), 1);
        std::string bytes(65536, '\0');
        const auto size = ::recv(peer_, bytes.data(), bytes.size(), 0);
        bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return bytes;
    }

    std::vector<std::string> texts;
    int opened = 0;
    std::string closed;
    websocket_stream& stream() { return stream_; }
    connection& wire() { return connection_; }

  private:
    template <class Condition>
    void until(const Condition& done) {
        const auto end = now_ns() + 10 * one_second;
        while (!done() && now_ns() < end) loop_.turn(now_ns() + 10 * one_millisecond);
        ASSERT_TRUE(done());
    }
    void on_connected(connection&) override {
        connected_ = true;
        stream_.begin("host", "/x?y=z");
    }
    std::size_t on_bytes(connection&, char* data, std::size_t size, nanoseconds) override {
        ++read_;
        return stream_.feed(
            data, size, [this] { ++opened; }, [this](std::string_view text) { texts.emplace_back(text); });
    }
    void on_closed(connection&, const std::string& why) override { closed = why; }

    listener listener_;
    event_loop loop_;
    endpoint to_;
    inflater inflater_;
    connection connection_;
    websocket_stream stream_;
    int peer_ = -1;
    bool connected_ = false;
    int read_ = 0;
};

using strings = std::vector<std::string>;

TEST(websocket_stream, asks_for_an_upgrade_and_for_compression_only_when_told) {
    world w;
    const auto asked = w.taken();
    EXPECT_TRUE(asked.starts_with("GET /x?y=z HTTP/1.1\r\nHost: host\r\n")) << asked;
    EXPECT_EQ(asked.find("Extensions"), std::string::npos);
    world deflates(true);
    EXPECT_NE(
        deflates.taken().find("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"),
        std::string::npos);
}

TEST(websocket_stream, reads_messages_however_the_bytes_are_cut) {
    const auto bytes =
        plain + frame_of(0x81, "one") + frame_of(0x81, "") + frame_of(0x81, std::string(120, 'x'));
    for (const std::size_t piece : {1UL, 2UL, 7UL, 1000UL}) {
        world w;
        w.give(bytes, piece);
        EXPECT_EQ(w.opened, 1);
        EXPECT_EQ(w.texts, (strings{"one", "", std::string(120, 'x')})) << piece;
        EXPECT_EQ(w.stream().problem(), "");
    }
}

TEST(websocket_stream, puts_fragments_together_with_a_ping_between_them) {
    world w;
    w.taken();
    w.give(plain + frame_of(0x01, "a") + frame_of(0x00, "b") + frame_of(0x89, "p") + frame_of(0x80, "c") +
           frame_of(0x81, "d"));
    EXPECT_EQ(w.texts, (strings{"abc", "d"}));
    const auto answer = w.taken();  // a masked pong
    ASSERT_EQ(answer.size(), 7U);
    EXPECT_EQ(static_cast<unsigned char>(answer[0]), 0x8A);
    EXPECT_EQ(answer[6] ^ answer[2], 'p');
}

TEST(websocket_stream, inflates_whole_messages_and_fragments) {
    world w(true);
    w.give(deflating + frame_of(0xC1, hello) + frame_of(0x41, hello.substr(0, 3)) +
           frame_of(0x80, hello.substr(3)) + frame_of(0x81, "plain"));
    EXPECT_EQ(w.texts, (strings{"Hello", "Hello", "plain"}));
}

TEST(websocket_stream, says_what_is_wrong_with_the_handshake) {
    const auto problem = [](const std::string& answer, bool with_deflate = false) {
        world w(with_deflate);
        w.give(answer);
        EXPECT_EQ(w.opened, 0);
        return w.stream().problem();
    };
    EXPECT_EQ(problem("HTTP/1.1 403 Forbidden\r\n\r\n"), "refused the WebSocket: 'HTTP/1.1 403 Forbidden'");
    EXPECT_EQ(problem("* welcome\n"), "does not speak HTTP: '* welcome'");
    EXPECT_EQ(problem("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
              "answered the WebSocket handshake with a wrong Sec-WebSocket-Accept");
    EXPECT_TRUE(problem(plain, true).starts_with("does not compress (--deflate on)"));
}

TEST(websocket_stream, ends_with_a_reason) {
    const auto problem = [](const std::string& bytes) {
        world w;
        w.give(plain + bytes + frame_of(0x81, "not read"));
        EXPECT_TRUE(w.texts.empty());
        return w.stream().problem();
    };
    EXPECT_EQ(problem(frame_of(0x88, std::string("\x03\xF0slow", 6))),
              "closed the WebSocket with code 1008 (slow)");
    EXPECT_EQ(problem(frame_of(0x88, "")), "closed the WebSocket");
    EXPECT_EQ(problem(std::string("\x81\x80", 2)), "sent a broken WebSocket frame");
    EXPECT_EQ(problem(frame_of(0xC1, hello)), "sent a message that is not compressed as agreed on");
}

TEST(connection, does_not_tell_of_an_end_that_its_owner_made) {
    world w;
    w.give(plain);
    w.wire().close();
    EXPECT_FALSE(w.wire().is_open());
    EXPECT_EQ(w.closed, "");
}

}  // namespace
}  // namespace chatterlink::load
