// The application lets clients in, keeps them out, or decides later and from another thread.
#include "engineio/admission.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using namespace std::chrono_literals;
using test::engine;

constexpr const char* by_polling = "/socket.io/?EIO=4&transport=polling";
constexpr const char* by_websocket = "/socket.io/?EIO=4&transport=websocket";

// A server that decides later; the test decides.
struct undecided {
    explicit undecided(settings how = {}, base::shard_id shards = 1) : server(how, shards) {
        server.on_open = [this](client& c, const net::exchange&) -> std::optional<decision> {
            if (before) before(c);
            const std::lock_guard guard(lock);
            waiting = c.admission();
            sid = c.sid();
            ++seen;
            return decide_later{server.make_echo(c)};
        };
    }
    admission next() {
        EXPECT_TRUE(test::eventually([this] {
            const std::lock_guard guard(lock);
            return waiting.has_value();
        }));
        const std::lock_guard guard(lock);
        return *std::exchange(waiting, std::nullopt);
    }
    std::size_t sessions() {
        return server->on_shard(0, [this] { return server.server().sessions(); });
    }

    std::mutex lock;
    std::optional<admission> waiting;
    std::string sid;
    int seen = 0;
    std::function<void(client&)> before;
    engine server;
};

TEST(engineio_admission, a_refusal_has_the_applications_status_and_body_on_both_transports) {
    engine server;
    server.on_open = [](client&, const net::exchange&) -> std::optional<decision> {
        return refusal{401, R"({"why":"who are you?"})"};
    };
    auto client = server.connect();
    const auto answer = client.get(by_polling);
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(answer.body, R"({"why":"who are you?"})");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    auto upgrading = server.connect();
    EXPECT_EQ(upgrading.upgrade(by_websocket).status, 401u);
    EXPECT_TRUE(upgrading.closed());
    EXPECT_EQ(server->on_shard(0, [&] { return server.server().sessions(); }), 0u);
    EXPECT_EQ(server.closed_sessions(), 0u) << "who was refused was never there";
}

TEST(engineio_admission,
     beyond_the_most_sessions_a_thread_holds_further_ones_are_refused_until_one_has_gone) {
    engine server(settings{.max_sessions = 2});
    auto polling = server.connect();
    const auto first = engine::open_polling(polling);
    auto socket = server.connect();
    engine::open_websocket(socket);
    for (const auto* transport : {by_polling, by_websocket}) {
        auto third = server.connect();
        const auto answer = transport == by_polling ? third.get(transport) : third.upgrade(transport);
        EXPECT_EQ(answer.status, 503u);
        EXPECT_EQ(answer.body, R"({"code":4,"message":"There are too many sessions"})");
        EXPECT_TRUE(third.closed());
    }
    socket.ws_text("4still here");
    EXPECT_EQ(socket.ws_read_text(), "4still here");
    EXPECT_EQ(polling.post(engine::polling(first), "4nor does it lose anything").status, 200u);
    socket.close();
    EXPECT_TRUE(test::eventually(
        [&] { return server->on_shard(0, [&] { return server.server().sessions(); }) == 1; }));
    auto next = server.connect();
    engine::open_polling(next);
}

TEST(engineio_admission, messages_of_a_refusal_are_json) {
    EXPECT_EQ(refusal::because(protocol_error::forbidden).body, R"({"code":4,"message":"Forbidden"})");
    EXPECT_EQ(refusal::because(protocol_error::forbidden, "no \"entry\"\n").body,
              R"({"code":4,"message":"no \"entry\"\n"})");
    EXPECT_EQ(refusal::because(protocol_error::forbidden).status, 403u);
    EXPECT_EQ(refusal::because(protocol_error::unknown_sid).status, 400u);
}

TEST(engineio_admission, a_client_waits_for_the_word_and_the_word_may_come_from_any_thread) {
    undecided u;
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto decided = u.next();
    EXPECT_TRUE(client.silent(50ms));
    decided.accept();
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body[0], '0');
    decided.accept();  // once is enough
    decided.refuse({});
    EXPECT_EQ(client.post(engine::polling(u.sid), "4x").status, 200u);
    EXPECT_EQ(client.get(engine::polling(u.sid)).body, "4x");

    auto socket = u.server.connect();
    socket.send(test::raw_client::upgrade_request(by_websocket));
    const auto second = u.next();
    EXPECT_TRUE(socket.silent(50ms));
    second.accept();
    EXPECT_EQ(socket.read_answer().status, 101u);
    EXPECT_EQ(socket.ws_read_text()[0], '0');
    socket.ws_text("4x");
    EXPECT_EQ(socket.ws_read_text(), "4x");
}

TEST(engineio_admission, a_late_refusal_leaves_nothing_behind) {
    undecided u;
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    u.next().refuse({401, "\"no\""});
    EXPECT_EQ(client.read_answer().status, 401u);
    EXPECT_EQ(u.sessions(), 0u);
    EXPECT_EQ(u.server.closed_sessions(), 0u);
}

TEST(engineio_admission, what_is_sent_before_the_word_waits_behind_the_handshake) {
    undecided u;
    u.before = [](client& c) {
        EXPECT_EQ(c.send_message("one"), net::send_outcome::queued);
        EXPECT_EQ(c.send_message("two", true), net::send_outcome::queued);
    };
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    u.next().accept();
    EXPECT_EQ(client.read_answer().body[0], '0');
    EXPECT_EQ(client.get(engine::polling(u.sid)).body,
              "4one\x1e"
              "bdHdv");

    auto socket = u.server.connect();
    socket.send(test::raw_client::upgrade_request(by_websocket));
    u.next().accept();
    EXPECT_EQ(socket.read_answer().status, 101u);
    EXPECT_EQ(socket.ws_read_text()[0], '0');
    EXPECT_EQ(socket.ws_read_text(), "4one");
    EXPECT_EQ(socket.ws_read().payload, "two");
}

TEST(engineio_admission, nobody_else_reaches_a_session_that_waits) {
    undecided u;
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto decided = u.next();
    auto other = u.server.connect();
    EXPECT_EQ(other.get(engine::polling(u.sid)).status, 400u);
    EXPECT_EQ(other.post(engine::polling(u.sid), "4x").status, 400u);
    decided.accept();
    EXPECT_EQ(client.read_answer().status, 200u);
}

TEST(engineio_admission, a_client_that_leaves_while_it_waits_is_over) {
    undecided u;
    for (const auto* target : {by_polling, by_websocket}) {
        auto client = u.server.connect();
        client.send(std::string(target) == by_polling
                        ? "GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n"
                        : test::raw_client::upgrade_request(by_websocket));
        const auto decided = u.next();
        client.close();
        EXPECT_EQ(u.server.why_closed(u.sid), close_reason::transport_close);
        decided.accept();
        EXPECT_EQ(u.sessions(), 0u);
    }
}

TEST(engineio_admission, an_application_that_never_answers_costs_the_client_a_bounded_time) {
    undecided u({.connect_timeout = 60ms});
    auto client = u.server.connect();
    EXPECT_EQ(client.get(by_polling).status, 503u);
    EXPECT_EQ(u.server.why_closed(u.sid), close_reason::transport_error);
    auto socket = u.server.connect();
    EXPECT_EQ(socket.upgrade(by_websocket).status, 503u);
    EXPECT_TRUE(socket.closed());
    EXPECT_EQ(u.sessions(), 0u);
}

TEST(engineio_admission, a_client_closed_while_it_waits_is_not_let_in) {
    undecided u;
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto decided = u.next();
    std::atomic<bool> found{false};
    u.server.server().visit(u.sid, [&](engineio::client* c) {
        found = c != nullptr;
        if (c != nullptr) c->close();
    });
    EXPECT_EQ(client.read_answer().status, 503u);
    EXPECT_TRUE(found);
    decided.accept();
    EXPECT_EQ(u.server.why_closed(u.sid), close_reason::server_close);
}

TEST(engineio_admission, a_server_that_ends_answers_who_waits) {
    undecided u;
    auto client = u.server.connect();
    client.send("GET " + std::string(by_polling) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto decided = u.next();
    u.server->on_shard(0, [&] { u.server.server().close_all(); });
    EXPECT_EQ(client.read_answer().status, 503u);
    decided.accept();
    EXPECT_EQ(u.sessions(), 0u);
}

TEST(engineio_admission, a_session_is_found_by_its_sid_from_any_thread_and_no_other_is) {
    undecided u({}, 2);
    u.server.on_open = nullptr;
    auto client = u.server.connect();
    const auto sid = engine::open_polling(client);
    const auto there = [&](const std::string& which) {
        std::promise<bool> answer;
        u.server.server().visit(which, [&](engineio::client* c) {
            if (c != nullptr) c->send_message("found");
            answer.set_value(c != nullptr);
        });
        return answer.get_future().get();
    };
    EXPECT_TRUE(there(sid));
    EXPECT_EQ(client.get(engine::polling(sid)).body, "4found");
    for (const auto& wrong : {std::string(), std::string("__proto__"), sid + "0", sid.substr(1)})
        EXPECT_FALSE(there(wrong));
    EXPECT_EQ(client.post(engine::polling(sid), "1").status, 200u);
    EXPECT_FALSE(there(sid));
}

}  // namespace
}  // namespace chatterlink::engineio
