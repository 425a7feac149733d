// Back-pressure: a handler that cannot keep up has its client wait.
#include <gtest/gtest.h>

#include <thread>

#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using namespace std::chrono_literals;
using test::engine;
using test::raw_client;

void resume(engine& server, const std::string& sid) {
    server.server().visit(sid, [](client* c) {
        if (c != nullptr) c->resume();
    });
}

std::string messages(int from, int to) {
    std::string frames;
    for (int i = from; i < to; ++i) frames += raw_client::client_frame(0x1, "4" + std::to_string(i));
    return frames;
}

TEST(engineio_pause, a_websocket_delivers_nothing_until_it_is_resumed_and_then_all_in_order) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.send(raw_client::client_frame(0x1, "4pause") + messages(0, 100));  // in one piece
    EXPECT_EQ(client.ws_read_text(), "4pause");
    client.send(messages(100, 200));
    EXPECT_TRUE(client.silent(80ms));
    resume(server, sid);
    for (int i = 0; i < 200; ++i) ASSERT_EQ(client.ws_read_text(), "4" + std::to_string(i));
    client.ws_text("4pause");
    EXPECT_EQ(client.ws_read_text(), "4pause");
    client.ws_text("4again");
    EXPECT_TRUE(client.silent(50ms));
    resume(server, sid);
    resume(server, sid);  // once is enough
    EXPECT_EQ(client.ws_read_text(), "4again");
}

TEST(engineio_pause, the_rest_of_a_batch_waits_when_it_pauses_again) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.send(raw_client::client_frame(0x1, "4pause") + raw_client::client_frame(0x1, "4pause") +
                raw_client::client_frame(0x1, "4x"));
    EXPECT_EQ(client.ws_read_text(), "4pause");
    EXPECT_TRUE(client.silent(30ms));
    resume(server, sid);
    EXPECT_EQ(client.ws_read_text(), "4pause");
    EXPECT_TRUE(client.silent(30ms));
    resume(server, sid);
    EXPECT_EQ(client.ws_read_text(), "4x");
}

TEST(engineio_pause, a_paused_client_is_not_expected_to_be_heard) {
    engine server({.ping_interval = 400ms, .ping_timeout = 200ms});
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.ws_text("4pause");
    while (client.ws_read_text() != "4pause") {
    }
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(client.ws_read_text(), "2") << "the client has to hear of the server";
    EXPECT_EQ(server.closed_sessions(), 0u) << "it may have answered the ping: nobody has read that yet";
    resume(server, sid);
    EXPECT_EQ(server.why_closed(sid), close_reason::ping_timeout) << "it had not";
}

TEST(engineio_pause, a_post_gets_its_answer_when_there_is_room_again_and_a_second_is_one_too_many) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    client.send("POST " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n4pause");
    EXPECT_TRUE(client.silent(80ms));
    resume(server, sid);
    EXPECT_EQ(client.read_answer().body, "ok");
    EXPECT_EQ(client.get(engine::polling(sid)).body, "4pause");

    client.send("POST " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n4pause");
    EXPECT_TRUE(client.silent(30ms));
    auto second = server.connect();
    EXPECT_EQ(second.post(engine::polling(sid), "4x").status, 400u);
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_error);
    EXPECT_EQ(client.read_answer().body, "ok");
}

TEST(engineio_pause, lasts_through_an_upgrade) {
    engine server;
    auto polling = server.connect();
    const auto sid = engine::open_polling(polling);
    auto probe = server.connect();
    ASSERT_EQ(probe.upgrade(engine::websocket(sid)).status, 101u);
    probe.ws_text("2probe");
    EXPECT_EQ(probe.ws_read_text(), "3probe");
    polling.send("POST " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n4pause");
    EXPECT_TRUE(polling.silent(50ms));
    probe.ws_text("5");
    EXPECT_EQ(polling.read_answer().body, "ok");
    EXPECT_EQ(probe.ws_read_text(), "4pause");
    probe.ws_text("4x");
    EXPECT_TRUE(probe.silent(50ms));
    resume(server, sid);
    EXPECT_EQ(probe.ws_read_text(), "4x");
}

TEST(engineio_pause, a_paused_client_can_be_closed) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.ws_text("4pause");
    EXPECT_EQ(client.ws_read_text(), "4pause");
    client.ws_text("4never delivered");
    server.server().visit(sid, [](engineio::client* c) { c->close(); });
    EXPECT_EQ(client.ws_read().close_code(), 1000u);
    client.send(raw_client::client_frame(0x8, "\x03\xe8"));
    EXPECT_TRUE(client.closed(4'000ms)) << "its close frame is read";
    EXPECT_EQ(server.why_closed(sid), close_reason::server_close);
}

}  // namespace
}  // namespace chatterlink::engineio
