// Engine.IO over WebSocket and the upgrade to it, by raw frames on real sockets.
#include <gtest/gtest.h>

#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::engine;
using test::raw_client;

constexpr unsigned close_opcode = 0x8;
constexpr unsigned pong_opcode = 0xa;

// ---- A session that begins with a WebSocket ----

TEST(engineio_websocket, opens_with_the_handshake_and_offers_no_upgrade) {
    engine server;
    auto client = server.connect();
    ASSERT_EQ(client.upgrade("/socket.io/?EIO=4&transport=websocket").status, 101u);
    const auto open = base::parse_json(client.ws_read_text().substr(1)).value();
    EXPECT_EQ(open["upgrades"], base::json::array());
    EXPECT_GE(open["sid"].get<std::string>().size(), 22u);
}

TEST(engineio_websocket, sends_messages_back_text_and_binary_of_every_size) {
    engine server;
    auto client = server.connect();
    engine::open_websocket(client);
    for (const std::size_t size : {0u, 1u, 124u, 125u, 126u, 65'534u, 65'535u, 65'536u, 999'999u}) {
        const std::string text(size, 't');
        client.ws_text("4" + text);
        EXPECT_TRUE(client.ws_read_text() == "4" + text) << size;
        const std::string bytes(size, '\xff');
        client.ws_binary(bytes);
        const auto m = client.ws_read();
        EXPECT_EQ(m.opcode, 2u);
        EXPECT_TRUE(m.payload == bytes) << size;
    }
}

TEST(engineio_websocket, takes_fragmented_messages_and_answers_pings_between_their_parts) {
    engine server;
    auto client = server.connect();
    engine::open_websocket(client);
    client.send(raw_client::client_frame(0x1, "4he", false));
    client.send(raw_client::client_frame(0x9, "are you there"));
    client.send(raw_client::client_frame(0x0, "llo", true));
    const auto pong = client.ws_read();
    EXPECT_EQ(pong.opcode, pong_opcode);
    EXPECT_EQ(pong.payload, "are you there");
    EXPECT_EQ(client.ws_read_text(), "4hello");
}

TEST(engineio_websocket, keeps_order_under_a_burst) {
    engine server;
    auto client = server.connect();
    engine::open_websocket(client);
    std::string frames;
    for (int i = 0; i < 500; ++i) frames += raw_client::client_frame(0x1, "4" + std::to_string(i));
    client.send(frames);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(client.ws_read_text(), "4" + std::to_string(i));
}

TEST(engineio_websocket, packets_that_are_not_allowed_close_it_with_parse_error) {
    engine server;
    for (const auto* text : {"", "7", "hello", "0{}", "2", "5"}) {
        auto client = server.connect();
        const auto sid = engine::open_websocket(client);
        client.ws_text(text);
        const auto m = client.ws_read();
        EXPECT_EQ(m.opcode, close_opcode) << text;
        EXPECT_EQ(m.close_code(), 1008u) << text;
        EXPECT_EQ(server.why_closed(sid), close_reason::parse_error) << text;
    }
}

TEST(engineio_websocket, breaches_of_the_websocket_protocol_close_it_with_its_codes) {
    engine server;
    const std::pair<std::string, unsigned> cases[] = {
        {"\x81\x05hello"s, 1002},                                                 // not masked
        {raw_client::client_frame(0x1, "4\xff"), 1007},                           // not UTF-8
        {raw_client::client_frame(0x3, "x"), 1002},                               // reserved opcode
        {"\xc1\x81\x12\x34\x56\x78\x00"s, 1002},                                  // reserved bit
        {raw_client::client_frame(0x9, std::string(126, 'x')), 1002},             // ping too long
        {raw_client::client_frame(0x9, "x", false), 1002},                        // fragmented ping
        {raw_client::client_frame(0x0, "x"), 1002},                               // continues nothing
        {"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x12\x34\x56\x78"s, 1009},      // 2^63-1 bytes announced
        {raw_client::client_frame(0x1, "4" + std::string(1'000'000, 'x')), 1009}  // one byte too many
    };
    for (const auto& [frame, code] : cases) {
        auto client = server.connect();
        const auto sid = engine::open_websocket(client);
        client.send(frame);
        const auto m = client.ws_read();
        EXPECT_EQ(m.opcode, close_opcode);
        EXPECT_EQ(m.close_code(), code) << testing::PrintToString(frame.substr(0, 20));
        EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
        EXPECT_TRUE(client.closed());
    }
}

TEST(engineio_websocket, a_close_frame_is_answered_and_ends_the_session) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.send(raw_client::client_frame(close_opcode, "\x03\xe8"));
    const auto m = client.ws_read();
    EXPECT_EQ(m.opcode, close_opcode);
    EXPECT_EQ(m.close_code(), 1000u);
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
    EXPECT_TRUE(client.closed());
}

TEST(engineio_websocket, a_connection_that_breaks_ends_the_session) {
    engine server;
    for (const bool hard : {false, true}) {
        auto client = server.connect();
        const auto sid = engine::open_websocket(client);
        hard ? client.reset() : client.close();
        EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
    }
}

TEST(engineio_websocket, a_close_packet_ends_the_session) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.ws_text("1");
    EXPECT_EQ(client.ws_read().close_code(), 1000u);
    EXPECT_EQ(server.why_closed(sid), close_reason::client_close);
}

TEST(engineio_websocket, a_close_by_the_server_comes_behind_what_was_sent) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    client.send(raw_client::client_frame(0x1, "4burst") + raw_client::client_frame(0x1, "4close"));
    for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ws_read_text(), "4" + std::to_string(i));
    const auto m = client.ws_read();
    EXPECT_EQ(m.opcode, close_opcode);
    EXPECT_EQ(m.close_code(), 1000u);
    EXPECT_EQ(server.why_closed(sid), close_reason::server_close);
}

TEST(engineio_websocket, the_heartbeat_goes_on_while_it_is_answered_and_ends_the_session_when_not) {
    engine server({.ping_interval = 40ms, .ping_timeout = 800ms});
    auto client = server.connect();
    const auto sid = engine::open_websocket(client);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(client.ws_read_text(), "2");
        client.ws_text("3");
    }
    EXPECT_EQ(server.closed_sessions(), 0u);
    EXPECT_EQ(client.ws_read_text(), "2");  // not answered
    client.ws_text("4I am here");           // a message is no pong
    EXPECT_EQ(client.ws_read_text(), "4I am here");
    EXPECT_EQ(client.ws_read().opcode, close_opcode);
    EXPECT_EQ(server.why_closed(sid), close_reason::ping_timeout);
}

TEST(engineio_websocket, a_handler_that_throws_closes_its_own_websocket_only) {
    engine server;
    auto unlucky = server.connect();
    auto bystander = server.connect();
    const auto sid = engine::open_websocket(unlucky);
    engine::open_websocket(bystander);
    unlucky.ws_text("4throw");
    EXPECT_EQ(unlucky.ws_read().close_code(), 1011u);
    unlucky.send(raw_client::client_frame(close_opcode, "\x03\xf3"));
    EXPECT_TRUE(unlucky.closed());
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
    bystander.ws_text("4x");
    EXPECT_EQ(bystander.ws_read_text(), "4x");
}

TEST(engineio_websocket, a_reader_that_takes_nothing_is_closed) {
    engine server;
    auto client = server.connect(4096);
    const auto sid = engine::open_websocket(client);
    for (int i = 0; i < 20 && client.ws_text("4flood"); ++i) {
    }
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
}

// ---- Upgrade from polling ----

struct upgrading {
    explicit upgrading(engine& server) : polling(server.connect()), probe(server.connect()) {
        sid = engine::open_polling(polling);
        EXPECT_EQ(probe.upgrade(engine::websocket(sid)).status, 101u);
    }
    void finish() {
        probe.ws_text("2probe");
        EXPECT_EQ(probe.ws_read_text(), "3probe");
        probe.ws_text("5");
    }
    raw_client polling;
    raw_client probe;
    std::string sid;
};

TEST(engineio_upgrade, a_websocket_takes_over_from_polling) {
    engine server;
    upgrading u(server);
    u.finish();
    u.probe.ws_text("4hello");
    EXPECT_EQ(u.probe.ws_read_text(), "4hello");
    EXPECT_EQ(u.polling.get(engine::polling(u.sid)).status, 400u) << "polling is over";
    EXPECT_EQ(u.polling.post(engine::polling(u.sid), "4x").status, 400u);
    EXPECT_EQ(server.closed_sessions(), 0u);
    u.probe.close();
    EXPECT_EQ(server.why_closed(u.sid), close_reason::transport_close);
}

TEST(engineio_upgrade, a_held_poll_is_let_go_by_the_probe) {
    engine server;
    auto holding = server.connect();
    upgrading u(server);
    holding.send("GET " + engine::polling(u.sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(holding.silent(50ms));
    u.probe.ws_text("2probe");
    EXPECT_EQ(u.probe.ws_read_text(), "3probe");
    EXPECT_EQ(holding.read_answer().body, "6");
    // And one that comes before the upgrade packet is not held at all.
    EXPECT_EQ(holding.get(engine::polling(u.sid)).body, "6");
    u.probe.ws_text("5");
    u.probe.ws_text("4x");
    EXPECT_EQ(u.probe.ws_read_text(), "4x");
}

TEST(engineio_upgrade, nothing_is_lost_or_doubled_on_the_way) {
    engine server;
    upgrading u(server);
    EXPECT_EQ(u.polling.post(engine::polling(u.sid), "4burst").status, 200u);
    u.probe.ws_text("2probe");
    EXPECT_EQ(u.probe.ws_read_text(), "3probe");
    EXPECT_EQ(u.polling.post(engine::polling(u.sid), "4between").status, 200u);
    u.probe.send(raw_client::client_frame(0x1, "5") + raw_client::client_frame(0x1, "4after"));
    for (int i = 0; i < 100; ++i) ASSERT_EQ(u.probe.ws_read_text(), "4" + std::to_string(i));
    EXPECT_EQ(u.probe.ws_read_text(), "4between");
    EXPECT_EQ(u.probe.ws_read_text(), "4after");
    EXPECT_TRUE(u.probe.silent(30ms));
}

TEST(engineio_upgrade, a_wrong_probe_is_closed_and_polling_goes_on) {
    engine server;
    const std::string wrong[] = {
        raw_client::client_frame(0x1, "2"),      raw_client::client_frame(0x1, "4hello"),
        raw_client::client_frame(0x1, "5"),      raw_client::client_frame(0x1, ""),
        raw_client::client_frame(0x2, "2probe"), raw_client::client_frame(0x1, "2probex")};
    for (const auto& frame : wrong) {
        upgrading u(server);
        u.probe.send(frame);
        EXPECT_EQ(u.probe.ws_read().opcode, close_opcode);
        u.probe.send(raw_client::client_frame(close_opcode, "\x03\xe8"));
        EXPECT_TRUE(u.probe.closed());
        EXPECT_EQ(u.polling.post(engine::polling(u.sid), "4still here").status, 200u);
        EXPECT_EQ(u.polling.get(engine::polling(u.sid)).body, "4still here");
        auto again = server.connect();
        EXPECT_EQ(again.upgrade(engine::websocket(u.sid)).status, 101u) << "a new attempt is allowed";
    }
    EXPECT_EQ(server.closed_sessions(), 0u);
}

TEST(engineio_upgrade, a_probe_that_stays_silent_is_dropped) {
    engine server({.upgrade_timeout = 60ms});
    upgrading u(server);
    EXPECT_EQ(u.probe.ws_read().opcode, close_opcode);
    EXPECT_EQ(u.polling.post(engine::polling(u.sid), "4x").status, 200u);
}

TEST(engineio_upgrade, one_upgrade_at_a_time_and_none_afterwards) {
    engine server;
    upgrading u(server);
    auto second = server.connect();
    EXPECT_EQ(second.upgrade(engine::websocket(u.sid)).status, 400u);
    EXPECT_TRUE(second.closed());
    u.finish();
    u.probe.ws_text("4x");
    EXPECT_EQ(u.probe.ws_read_text(), "4x");
    auto third = server.connect();
    EXPECT_EQ(third.upgrade(engine::websocket(u.sid)).status, 400u);

    auto direct = server.connect();
    const auto sid = engine::open_websocket(direct);
    auto fourth = server.connect();
    EXPECT_EQ(fourth.upgrade(engine::websocket(sid)).status, 400u) << "it is on a WebSocket already";
    auto polling = server.connect();
    EXPECT_EQ(polling.get(engine::polling(sid)).status, 400u);
    direct.ws_text("4x");
    EXPECT_EQ(direct.ws_read_text(), "4x");
}

TEST(engineio_upgrade, a_session_may_be_without) {
    engine server({.allow_upgrades = false});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    auto probe = server.connect();
    EXPECT_EQ(probe.upgrade(engine::websocket(sid)).status, 400u);
    EXPECT_EQ(client.post(engine::polling(sid), "4x").status, 200u);
}

TEST(engineio_upgrade, works_from_another_shards_connection) {
    engine server({}, 2);
    for (int i = 0; i < 4; ++i) {
        upgrading u(server);  // its two connections are on different shards
        u.finish();
        u.probe.ws_text("4hello");
        EXPECT_EQ(u.probe.ws_read_text(), "4hello");
    }
}

TEST(engineio_upgrade, resets_in_the_middle_leave_the_session_and_nothing_else) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    for (int i = 0; i < 200; ++i) {
        auto probe = server.connect();
        probe.send(raw_client::upgrade_request(engine::websocket(sid)));
        if (i % 2 == 0) {
            const auto answer = probe.read_answer();
            if (answer.status == 101 && i % 4 == 0) probe.ws_text("2probe");
        }
        probe.reset();
    }
    EXPECT_TRUE(test::eventually(
        [&] { return server->on_shard(0, [&] { return server->threads.at(0).connections(); }) == 1; }));
    EXPECT_EQ(client.post(engine::polling(sid), "4x").status, 200u);
    EXPECT_EQ(client.get(engine::polling(sid)).body, "4x");
    upgrading again(server);
    again.finish();
}

}  // namespace
}  // namespace chatterlink::engineio
