// net::websocket over real sockets: the life of a connection. What frames mean is
// websocket_decoder_test.cpp's, every case of the protocol tests/py/test_websocket_suite.py's.
#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <functional>
#include <optional>
#include <stdexcept>

#include "net/deflate.hpp"
#include "net/support/loopback.hpp"
#include "net/support/recording_handler.hpp"
#include "net/websocket_frame.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using test::raw_client;

constexpr unsigned close_opcode = 0x8;

// Takes one WebSocket after the other and sends everything back; "close" closes it, "abort" aborts it,
// "detach" ends the listening and closes.
class echo final : public websocket::listener {
  public:
    explicit echo(websocket_limits limits = {})
        : limits_(limits),
          handler_([this](const exchange_ptr& e) {
              e->add_header("Set-Cookie", "a=b");
              socket_ = websocket::accept(*e, *this, limits_);
          }),
          server_(handler_) {}
    ~echo() override {
        server_->stop();
        socket_.reset();
    }

    raw_client connect() { return server_.connect(); }
    std::optional<unsigned> closed_with() {
        test::eventually([&] { return closed_ != 0; });
        return closed_ == 0 ? std::nullopt : std::optional<unsigned>(closed_ & 0xffff);
    }
    unsigned times_closed() const { return times_; }
    std::size_t connections() {
        return server_->on_shard(0, [&] { return server_->threads.at(0).connections(); });
    }

    void websocket_opened() override {
        ++opened;
        if (at_opening) at_opening(*socket_);
    }
    void websocket_message(std::string_view payload, bool binary) override {
        if (at_message) return at_message(*socket_, payload);
        if (payload == "close") return socket_->close(close_code::going_away);
        if (payload == "abort") return socket_->abort();
        if (payload == "detach") {
            const auto left = std::exchange(socket_, nullptr);
            left->detach();
            return left->close(close_code::normal);
        }
        socket_->send(websocket_frame(binary ? websocket_opcode::binary : websocket_opcode::text, payload));
    }
    void websocket_closed(std::uint16_t code) override {
        EXPECT_EQ(shard::current(), &server_->threads.at(0));
        socket_.reset();  // a connection is there as long as somebody holds it
        ++times_;
        closed_ = 0x10000U | code;
    }

    std::atomic<int> opened{0};
    // Set before the first connection.
    std::function<void(websocket&)> at_opening;
    std::function<void(websocket&, std::string_view)> at_message;  // instead of what it does

  private:
    const websocket_limits limits_;
    std::atomic<unsigned> closed_{0};  // the code and a bit that says so
    std::atomic<unsigned> times_{0};
    std::shared_ptr<websocket> socket_;
    test::function_handler handler_;
    test::http_loopback server_;
};

TEST(websocket, answers_with_what_the_handler_added_and_reads_what_came_along) {
    echo server;
    auto client = server.connect();
    client.send(raw_client::upgrade_request("/") + raw_client::client_frame(0x1, "early"));
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, 101U);
    EXPECT_EQ(answer.fields.at("set-cookie"), "a=b");
    EXPECT_EQ(answer.fields.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(client.ws_read_text(), "early");
    client.ws_text("later");
    EXPECT_EQ(client.ws_read_text(), "later");
}

// Whatever the listener does as it hears of the opening, the answer to the request comes first.
TEST(websocket, answers_before_what_its_listener_says_at_the_opening) {
    echo server;
    server.at_opening = [](websocket& w) {
        EXPECT_EQ(w.send(websocket_frame(websocket_opcode::text, "hello"), true), send_outcome::queued);
        w.send(websocket_frame(websocket_opcode::text, "again"));
    };
    auto client = server.connect();
    client.send(raw_client::upgrade_request("/"));
    EXPECT_EQ(client.read_answer().status, 101U);
    EXPECT_EQ(client.ws_read_text(), "hello");
    EXPECT_EQ(client.ws_read_text(), "again");
}

TEST(websocket, answers_a_client_that_its_listener_closes_at_the_opening) {
    for (const bool throws : {false, true}) {
        echo server;
        server.at_opening = [throws](websocket& w) {
            if (throws) throw std::runtime_error("not today");
            w.close(close_code::going_away);
        };
        auto client = server.connect();
        client.send(raw_client::upgrade_request("/"));
        EXPECT_EQ(client.read_answer().status, 101U);
        EXPECT_EQ(client.ws_read().close_code(), throws ? 1011U : 1001U);
    }
}

TEST(websocket, answers_nothing_when_its_listener_aborts_at_the_opening) {
    echo server;
    server.at_opening = [](websocket& w) { w.abort(); };
    auto client = server.connect();
    client.send(raw_client::upgrade_request("/"));
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(server.closed_with(), 1006U);
}

TEST(websocket, keeps_what_came_along_while_its_listener_pauses_at_the_opening) {
    echo server;
    server.at_opening = [](websocket& w) {
        w.pause();
        // In a later round, when what came along has been kept.
        boost::asio::post(w.home().context(), [&w] { w.resume(); });
    };
    auto client = server.connect();
    client.send(raw_client::upgrade_request("/") + raw_client::client_frame(0x1, "early"));
    EXPECT_EQ(client.read_answer().status, 101U);
    EXPECT_EQ(client.ws_read_text(), "early");
    client.ws_text("later");
    EXPECT_EQ(client.ws_read_text(), "later");
}

TEST(websocket, refuses_what_it_cannot_accept_and_says_so_to_the_listener) {
    echo server;
    auto client = server.connect();
    const auto answer = client.ask(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_EQ(answer.status, 426U);
    EXPECT_EQ(answer.fields.at("sec-websocket-version"), "13");
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(server.closed_with(), 1006U);
    EXPECT_EQ(server.opened, 0);
}

TEST(websocket, tells_once_how_it_ended) {
    const std::pair<std::string, unsigned> cases[] = {
        {raw_client::client_frame(close_opcode, "\x03\xe9"), 1001},  // what the peer said
        {raw_client::client_frame(close_opcode, ""), 1005},          // the peer said nothing
        {raw_client::client_frame(0x3, ""), 1006},                   // the peer broke the protocol
        {raw_client::client_frame(0x1, "abort"), 1006},
    };
    for (const auto& [sent, code] : cases) {
        echo server;
        auto client = server.connect();
        client.upgrade("/");
        client.send(sent + raw_client::client_frame(0x1, "x") + raw_client::client_frame(0x1, "y"));
        EXPECT_EQ(server.closed_with(), code);
        EXPECT_TRUE(client.closed());
        EXPECT_TRUE(test::eventually([&] { return server.connections() == 0; }));
        EXPECT_EQ(server.times_closed(), 1U);
        EXPECT_EQ(server.opened, 1);
    }
}

TEST(websocket, tells_that_the_connection_broke) {
    for (const bool hard : {false, true}) {
        echo server;
        auto client = server.connect();
        client.upgrade("/");
        client.send(raw_client::client_frame(0x1, "half of it", false));
        hard ? client.reset() : client.close();
        EXPECT_EQ(server.closed_with(), 1006U);
        EXPECT_TRUE(test::eventually([&] { return server.connections() == 0; }));
        EXPECT_EQ(server.times_closed(), 1U);
    }
}

TEST(websocket, closes_and_waits_for_the_answer) {
    echo server;
    auto client = server.connect();
    client.upgrade("/");
    client.ws_text("close");
    EXPECT_EQ(client.ws_read().close_code(), 1001U);
    client.send(raw_client::client_frame(0x9, "no answer any more") +
                raw_client::client_frame(0x1, "nor here"));
    EXPECT_TRUE(client.silent(30ms));
    client.send(raw_client::client_frame(close_opcode, "\x03\xe9"));
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(server.closed_with(), 1001U);
}

TEST(websocket, does_not_wait_for_ever) {
    echo server({.close_timeout = 50ms});
    auto client = server.connect();
    client.upgrade("/");
    client.ws_text("close");
    EXPECT_EQ(client.ws_read().close_code(), 1001U);
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(server.closed_with(), 1006U);
}

TEST(websocket, breaks_off_at_what_is_malformed_after_its_own_close) {
    echo server;
    auto client = server.connect();
    client.upgrade("/");
    client.ws_text("close");
    EXPECT_EQ(client.ws_read().close_code(), 1001U);
    client.send(raw_client::client_frame(0x3, ""));
    EXPECT_EQ(client.read_to_end(), "") << "one close frame is enough";
}

TEST(websocket, is_silent_to_a_listener_that_has_left) {
    echo server;
    auto client = server.connect();
    client.upgrade("/");
    client.ws_text("detach");
    EXPECT_EQ(client.ws_read().close_code(), 1000U);
    client.send(raw_client::client_frame(close_opcode, "\x03\xe8"));
    EXPECT_TRUE(client.closed());
    EXPECT_TRUE(test::eventually([&] { return server.connections() == 0; }));
    EXPECT_EQ(server.times_closed(), 0U);
}

TEST(websocket, compresses_for_those_who_asked) {
    websocket_limits limits;
    limits.deflate.enabled = true;
    echo server(limits);
    const std::string text(5000, 'x');
    auto packed = server.connect();
    const auto answer = packed.upgrade("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    EXPECT_EQ(answer.fields.at("sec-websocket-extensions"),
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    packed.ws_text(text);
    const auto head = packed.read_exactly(2);
    EXPECT_EQ(static_cast<unsigned char>(head[0]), 0xc1);
    EXPECT_LT(static_cast<unsigned char>(head[1]), 126);

    auto plain = server.connect();
    EXPECT_EQ(plain.upgrade("/").fields.count("sec-websocket-extensions"), 0U);
    plain.ws_text(text);
    EXPECT_EQ(plain.ws_read_text(), text);
}

// A few kilobytes that are inflated to megabytes.
std::string frames_that_swell(int count) {
    deflater out(9, 9, largest_window);
    std::string all;
    for (int i = 0; i < count; ++i) {
        std::string small;
        out.deflate(std::string(300'000, static_cast<char>('a' + i)), small);
        all += raw_client::client_frame(0x41, small);  // RSV1: compressed
    }
    return all;
}

constexpr auto* ask_for_deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

websocket_limits with_deflate() {
    websocket_limits limits;
    limits.deflate.enabled = true;
    return limits;
}

TEST(websocket, lets_others_have_their_turn_between_messages_that_swell) {
    for (const bool pauses : {false, true}) {
        echo server(with_deflate());
        std::string heard;
        std::size_t heard_before_others = 0;
        std::atomic<bool> over = false;
        server.at_message = [&](websocket& w, std::string_view payload) {
            heard += payload[0];
            auto& context = w.home().context();
            if (heard.size() == 1) boost::asio::post(context, [&] { heard_before_others = heard.size(); });
            if (pauses) {
                w.pause();
                boost::asio::post(context, [&w] { w.resume(); });
            }
            if (payload == "!") over = true;
        };
        auto client = server.connect();
        client.upgrade("/", ask_for_deflate);
        client.send(frames_that_swell(20) + raw_client::client_frame(0x1, "?"));
        client.ws_text("!");
        ASSERT_TRUE(test::eventually([&] { return over.load(); }));
        EXPECT_EQ(heard, "abcdefghijklmnopqrst?!");
        EXPECT_EQ(heard_before_others, 1U) << "of 21 that came in one piece";
    }
}

TEST(websocket, ends_in_the_middle_of_messages_that_swell) {
    echo server(with_deflate());
    std::atomic<int> heard = 0;
    server.at_message = [&](websocket& w, std::string_view) {
        if (++heard == 3) w.abort();
    };
    auto client = server.connect();
    client.upgrade("/", ask_for_deflate);
    client.send(frames_that_swell(20));
    EXPECT_EQ(server.closed_with(), 1006U);
    EXPECT_EQ(heard, 3);
}

}  // namespace
}  // namespace chatterlink::net
