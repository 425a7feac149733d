// Engine.IO over long polling, by raw HTTP requests on real sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "engineio/departed.hpp"
#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using namespace std::chrono_literals;
using base::json;
using test::engine;
using test::raw_client;

void expect_error(const test::http_answer& answer, int code, const char* message, unsigned status = 400) {
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(json::parse(answer.body), (json{{"code", code}, {"message", message}}));
}

// ---- Handshake ----

TEST(engineio_polling, the_handshake_gives_a_sid_and_the_settings) {
    engine server({.ping_interval = 1'234ms, .ping_timeout = 567ms});
    auto client = server.connect();
    const auto answer = client.get("/socket.io/?EIO=4&transport=polling&t=abc");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(answer.field("cache-control"), "no-store");
    ASSERT_EQ(answer.body.substr(0, 1), "0");
    const auto open = json::parse(answer.body.substr(1));
    EXPECT_EQ(open["upgrades"], json::array({"websocket"}));
    EXPECT_EQ(open["pingInterval"], 1234);
    EXPECT_EQ(open["pingTimeout"], 567);
    EXPECT_EQ(open["maxPayload"], 1'000'000);
}

TEST(engineio_polling, sids_are_long_and_never_the_same) {  // 128 random bits are 22 characters of base64
    engine server;
    auto client = server.connect();
    std::set<std::string> sids;
    for (int i = 0; i < 200; ++i) {
        const auto sid = engine::open_polling(client);
        EXPECT_GE(sid.size(), 22u);
        EXPECT_EQ(sid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_TRUE(sids.insert(sid.substr(0, 22)).second);
    }
}

TEST(engineio_polling, handshake_errors_have_the_protocols_codes) {
    engine server;
    auto client = server.connect();
    expect_error(client.get("/socket.io/?EIO=4"), 0, "Transport unknown");
    expect_error(client.get("/socket.io/?EIO=4&transport=pigeon"), 0, "Transport unknown");
    expect_error(client.get("/socket.io/?EIO=4&transport=__proto__"), 0, "Transport unknown");
    expect_error(client.get("/socket.io/"), 0, "Transport unknown");
    expect_error(client.post("/socket.io/?EIO=4&transport=polling", "4hello"), 2, "Bad handshake method");
    expect_error(client.ask("PUT /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"), 2,
                 "Bad handshake method");
    expect_error(client.get("/socket.io/?EIO=4&transport=websocket"), 3, "Bad request");
    expect_error(client.get("/socket.io/?EIO=3&transport=polling"), 5, "Unsupported protocol version");
    expect_error(client.get("/socket.io/?transport=polling"), 5, "Unsupported protocol version");
    expect_error(client.get("/socket.io/?EIO=4&transport=polling", "Origin: http://evil.example\r\n"), 4,
                 "Forbidden", 403);
    auto upgrading = server.connect();
    expect_error(upgrading.upgrade("/socket.io/?EIO=4&transport=polling"), 3, "Bad request");
}

TEST(engineio_polling, unknown_sids_are_refused) {
    engine server({}, 2);
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    auto other_shard = sid;
    other_shard.back() = other_shard.back() == '0' ? '1' : '0';
    auto no_shard = sid;
    no_shard.replace(no_shard.size() - 4, 4, "ffff");
    for (const auto& wrong :
         {std::string("x"), std::string(""), std::string("__proto__"), std::string("constructor"), "a" + sid,
          sid.substr(1), sid + "0", other_shard, no_shard, std::string(5'000, 'a')}) {
        expect_error(client.get(engine::polling(wrong)), 1, "Session ID unknown");
        expect_error(client.post(engine::polling(wrong), "4x"), 1, "Session ID unknown");
    }
    auto upgrading = server.connect();
    expect_error(upgrading.upgrade(engine::websocket("unknown")), 1, "Session ID unknown");
    EXPECT_TRUE(upgrading.closed());
    EXPECT_EQ(client.post(engine::polling(sid), "4x").status, 200u) << "the real one is not touched";
}

// ---- Origins ----

TEST(engineio_polling, pages_of_foreign_origins_are_refused_and_non_browsers_are_not) {
    engine server;
    auto client = server.connect();
    const auto status = [&](const std::string& origin) {
        return client.get("/socket.io/?EIO=4&transport=polling", "Origin: " + origin + "\r\n").status;
    };
    EXPECT_EQ(status("http://x"), 200u) << "the page's own host";
    EXPECT_EQ(status("https://x"), 200u);
    for (const auto* origin : {"http://evil.example", "null", "http://x.evil.example",
                               "http://evil.example/x", "x", "://x/", "http://x:81", "file://"}) {
        EXPECT_EQ(status(origin), 403u) << origin;
    }
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4x", "Origin: http://evil.example\r\n").status, 403u)
        << "also for a session that exists";
    auto websocket = server.connect();
    EXPECT_EQ(websocket
                  .upgrade("/socket.io/?EIO=4&transport=websocket",
                           "Origin: http://evil.example\r\nCookie: a=b\r\n")
                  .status,
              403u);
}

TEST(engineio_polling, listed_origins_get_cors_headers_and_no_other_does) {
    engine server({}, 1, {.same_origin = true, .allowed = {"https://chat.example"}});
    auto client = server.connect();
    const auto listed = client.get("/socket.io/?EIO=4&transport=polling", "Origin: https://chat.example\r\n");
    EXPECT_EQ(listed.status, 200u);
    EXPECT_EQ(listed.field("access-control-allow-origin"), "https://chat.example");
    EXPECT_EQ(listed.field("vary"), "Origin");
    EXPECT_EQ(listed.field("access-control-allow-credentials"), "");
    const auto own = client.get("/socket.io/?EIO=4&transport=polling", "Origin: http://x\r\n");
    EXPECT_EQ(own.status, 200u);
    EXPECT_EQ(own.field("access-control-allow-origin"), "");
    for (const auto* origin : {"https://chat.example.evil", "http://chat.example", "https://CHAT.example",
                               "https://chat.example:444"})
        EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling", "Origin: " + std::string(origin) + "\r\n")
                      .status,
                  403u);

    const auto preflight = client.ask(
        "OPTIONS /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: https://chat.example\r\n"
        "Access-Control-Request-Method: POST\r\n\r\n");
    EXPECT_EQ(preflight.status, 204u);
    EXPECT_EQ(preflight.field("access-control-allow-methods"), "GET, POST");
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling").status, 200u)
        << "the connection is out of step";
}

TEST(engineio_polling, with_same_origin_off_only_listed_pages_may) {
    engine server({}, 1, {.same_origin = false, .allowed = {}});
    auto client = server.connect();
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling", "Origin: http://x\r\n").status, 403u);
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling").status, 200u);
}

// ---- Messages ----

TEST(engineio_polling, messages_go_out_by_post_and_come_back_by_get) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    const auto posted = client.post(engine::polling(sid), "4hello");
    EXPECT_EQ(posted.status, 200u);
    EXPECT_EQ(posted.body, "ok");
    const auto polled = client.get(engine::polling(sid));
    EXPECT_EQ(polled.status, 200u);
    EXPECT_EQ(polled.field("content-type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(polled.body, "4hello");
}

TEST(engineio_polling, several_messages_share_a_payload_and_binary_travels_as_base64) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client
                  .post(engine::polling(sid),
                        "4one\x1e"
                        "bAQIDBA==\x1e"
                        "4\x1e"
                        "4two €")
                  .body,
              "ok");
    EXPECT_EQ(client.get(engine::polling(sid)).body,
              "4one\x1e"
              "bAQIDBA==\x1e"
              "4\x1e"
              "4two €");
}

TEST(engineio_polling, a_poll_is_held_until_there_is_something) {
    engine server;
    auto polling = server.connect();
    auto posting = server.connect();
    const auto sid = engine::open_polling(posting);
    polling.send("GET " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(polling.silent(50ms));
    posting.post(engine::polling(sid),
                 "4a\x1e"
                 "4b");
    EXPECT_EQ(polling.read_answer().body,
              "4a\x1e"
              "4b")
        << "everything of one round in one answer";
}

TEST(engineio_polling, what_came_between_two_polls_is_kept_in_order_and_given_in_bounded_answers) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    for (int i = 0; i < 50; ++i) client.post(engine::polling(sid), "4" + std::to_string(i));
    std::vector<std::string> got;
    while (got.size() < 50) {
        const auto body = client.get(engine::polling(sid)).body;
        const auto packets = decode_payload(body);
        ASSERT_TRUE(packets.has_value()) << body;
        ASSERT_LE(packets->size(), client::max_packets_in_answer);
        for (const auto& p : *packets) got.emplace_back(p.bytes());
    }
    for (int i = 0; i < 50; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(engineio_polling, a_second_poll_at_the_same_time_ends_the_session) {
    engine server;
    auto first = server.connect();
    auto second = server.connect();
    const auto sid = engine::open_polling(first);
    first.send("GET " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(first.silent(50ms));
    EXPECT_EQ(second.get(engine::polling(sid)).status, 400u);
    EXPECT_EQ(first.read_answer().body, "1") << "the held poll is told of the end";
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_error);
    expect_error(second.get(engine::polling(sid)), 1, "Session ID unknown");
}

TEST(engineio_polling, a_malformed_payload_ends_the_session) {
    engine server;
    for (const auto* body : {"", "x", "7", "4a\x1e", "b!", "9:4messages", "0{}", "2", "5"}) {
        auto client = server.connect();
        const auto sid = engine::open_polling(client);
        const auto answer = client.post(engine::polling(sid), body);
        EXPECT_EQ(server.why_closed(sid), close_reason::parse_error) << body;
        expect_error(client.get(engine::polling(sid)), 1, "Session ID unknown");
        expect_error(answer, 3, "Bad request");
    }
}

TEST(engineio_polling, a_body_over_the_limit_gets_413) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4" + std::string(999'999, 'x')).status, 200u);
    EXPECT_EQ(client.post(engine::polling(sid), "4" + std::string(1'000'000, 'x')).status, 413u);
    auto with_get = server.connect();
    EXPECT_EQ(
        with_get.ask("GET " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
            .status,
        413u);
}

TEST(engineio_polling, a_close_packet_ends_the_session_and_what_follows_it_counts_for_nothing) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client
                  .post(engine::polling(sid),
                        "1\x1e"
                        "4late")
                  .status,
              200u);
    EXPECT_EQ(server.why_closed(sid), close_reason::client_close);
}

// Whichever of two connections is read first: the poll ends as one that was waiting does.
TEST(engineio_polling, a_poll_that_comes_just_after_its_clients_close_gets_a_noop_once) {
    engine server;
    auto posting = server.connect();
    const auto sid = engine::open_polling(posting);
    posting.send("POST " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1GET " +
                 engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(posting.read_answer().body, "ok");
    const auto poll = posting.read_answer();
    EXPECT_EQ(poll.status, 200u);
    EXPECT_EQ(poll.body, "6");
    expect_error(posting.get(engine::polling(sid)), 1, "Session ID unknown");
}

TEST(engineio_polling, no_post_and_no_late_poll_finds_a_session_that_its_client_closed) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "1").status, 200u);
    expect_error(client.post(engine::polling(sid), "4late"), 1, "Session ID unknown");
    std::this_thread::sleep_for(2 * departed::remembered);
    expect_error(client.get(engine::polling(sid)), 1, "Session ID unknown");
}

TEST(engineio_polling, a_close_by_the_server_goes_out_once_behind_what_is_queued) {
    engine server;
    auto polling = server.connect();
    auto posting = server.connect();
    const auto sid = engine::open_polling(polling);
    polling.send("GET " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(polling.silent(50ms));
    posting.post(engine::polling(sid),
                 "4last words\x1e"
                 "4close");
    EXPECT_EQ(polling.read_answer().body,
              "4last words\x1e"
              "1");
    EXPECT_EQ(server.why_closed(sid), close_reason::server_close);
}

TEST(engineio_polling, a_client_that_leaves_its_poll_ends_the_session) {
    engine server;
    for (const bool hard : {false, true}) {
        auto client = server.connect();
        const auto sid = engine::open_polling(client);
        client.send("GET " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(client.silent(50ms));
        hard ? client.reset() : client.close();
        EXPECT_EQ(server.why_closed(sid), close_reason::transport_close);
    }
}

TEST(engineio_polling, a_client_that_does_not_poll_is_ended_when_twice_too_much_waits) {
    engine server({.max_poll_queue = 400'000});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4flood").status, 200u);
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_error);
    expect_error(client.get(engine::polling(sid)), 1, "Session ID unknown");
}

TEST(engineio_polling, a_client_that_polls_gets_a_burst_that_is_more_than_may_wait) {
    engine server({.poll_catch_up = 60s});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4flood").status, 200u);
    std::size_t bytes = 0;
    while (bytes < 2'000'000) {
        const auto answer = client.get(engine::polling(sid));
        ASSERT_EQ(answer.status, 200u);
        bytes += static_cast<std::size_t>(std::count(answer.body.begin(), answer.body.end(), 'x'));
    }
    EXPECT_EQ(bytes, 2'000'000u);
    EXPECT_EQ(server.closed_sessions(), 0u);
}

TEST(engineio_polling, a_client_for_whom_too_much_waits_for_too_long_is_ended) {
    engine server({.max_poll_queue = 1'020'000, .poll_catch_up = 50ms});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4flood").status, 200u);
    EXPECT_EQ(server.closed_sessions(), 0u);
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(client.post(engine::polling(sid), "4one more").status, 200u);
    EXPECT_EQ(server.why_closed(sid), close_reason::transport_error);
}

TEST(engineio_polling, the_heartbeat_needs_an_answer_to_every_ping) {
    engine server({.ping_interval = 60ms, .ping_timeout = 2'000ms});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.get(engine::polling(sid)).body, "2");
        EXPECT_EQ(client.post(engine::polling(sid), "3").status, 200u);
    }
    EXPECT_EQ(server.closed_sessions(), 0u);
}

TEST(engineio_polling, without_a_pong_the_session_ends) {
    engine server({.ping_interval = 50ms, .ping_timeout = 600ms});
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.get(engine::polling(sid)).body, "2");
    EXPECT_EQ(client.get(engine::polling(sid)).body, "1") << "a poll that waits is told";
    EXPECT_EQ(server.why_closed(sid), close_reason::ping_timeout);
}

TEST(engineio_polling, other_methods_on_a_session_are_bad_requests) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    for (const auto* method : {"PUT", "DELETE", "PATCH"})
        expect_error(
            client.ask(std::string(method) + " " + engine::polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n"), 3,
            "Bad request");
    EXPECT_EQ(client.post(engine::polling(sid), "4x").status, 200u);
}

TEST(engineio_polling, a_handler_that_throws_costs_its_request_only) {
    engine server;
    auto client = server.connect();
    const auto sid = engine::open_polling(client);
    EXPECT_EQ(client.post(engine::polling(sid), "4throw").status, 500u);
    EXPECT_EQ(client.post(engine::polling(sid), "4still here").status, 200u);
    EXPECT_EQ(client.get(engine::polling(sid)).body, "4still here");
}

// ---- Shards ----

TEST(engineio_polling, a_request_on_another_shards_connection_reaches_its_session) {
    engine server({}, 2);
    auto here = server.connect();   // shard 0
    auto there = server.connect();  // shard 1
    const auto sid = engine::open_polling(here);
    EXPECT_EQ(there.post(engine::polling(sid), "4from the other shard").body, "ok");
    EXPECT_EQ(here.get(engine::polling(sid)).body, "4from the other shard");

    auto third = server.connect();   // shard 0
    auto fourth = server.connect();  // shard 1
    const auto other = engine::open_polling(fourth);
    third.send("GET " + engine::polling(other) + " HTTP/1.1\r\nHost: x\r\n\r\n");  // held, after moving
    EXPECT_TRUE(third.silent(50ms));
    EXPECT_EQ(fourth.post(engine::polling(other), "4held").status, 200u);
    EXPECT_EQ(third.read_answer().body, "4held");
    // One connection, sessions of both shards in turn.
    for (int i = 0; i < 20; ++i) {
        const auto& which = i % 2 == 0 ? sid : other;
        EXPECT_EQ(third.post(engine::polling(which), "4x" + std::to_string(i)).body, "ok");
        EXPECT_EQ(third.get(engine::polling(which)).body, "4x" + std::to_string(i));
    }
    EXPECT_EQ(server.closed_sessions(), 0u);
}

TEST(engineio_polling, close_all_ends_the_sessions_of_a_shard) {
    engine server({}, 2);
    auto here = server.connect();
    auto there = server.connect();
    const auto mine = engine::open_polling(here);
    const auto other = engine::open_polling(there);
    here.send("GET " + engine::polling(mine) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(here.silent(50ms));
    server->on_shard(0, [&] { server.server().close_all(); });
    EXPECT_EQ(here.read_answer().body, "1");
    EXPECT_EQ(server.why_closed(mine), close_reason::server_close);
    EXPECT_EQ(there.post(engine::polling(other), "4x").status, 200u);
}

}  // namespace
}  // namespace chatterlink::engineio
