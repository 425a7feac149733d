// Letting clients in: middleware, decisions made later or never, dynamic namespaces, what the client brought
// along.
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "net/request_info.hpp"
#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;

class socketio_admission : public testing::Test {
  protected:
    // Keeps the decision of the namespace "/later" for the test's thread to make.
    void keep_decisions() {
        io_.on_connect("/later", [this](socket_ptr s, const handshake&, connect_decision decide) {
            const std::lock_guard guard(lock_);
            waiting_.emplace_back(s->id(), std::move(decide));
            came_.notify_all();
        });
    }
    std::pair<std::string, connect_decision> next_decision() {
        std::unique_lock guard(lock_);
        if (!came_.wait_for(guard, 10s, [&] { return !waiting_.empty(); }))
            throw std::runtime_error("nobody connects");
        auto first = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
        return first;
    }
    struct silent final : socket_handler {
        silent(test::world& w, std::string n) : world(w), name(std::move(n)) {}
        void on_event(const std::string&, json arguments, ack answer) override {
            answer(std::move(arguments));
        }
        void on_disconnect(engineio::close_reason why) override {
            world.note(name + " ended: " + std::string(engineio::close_reason_name(why)));
        }
        test::world& world;
        const std::string name;
    };
    std::unique_ptr<socket_handler> handler(const std::string& name) {
        return std::make_unique<silent>(world_, name);
    }

    test::world world_{2};
    server& io_ = world_.server();
    std::mutex lock_;
    std::condition_variable came_;
    std::vector<std::pair<std::string, connect_decision>> waiting_;
};

TEST_F(socketio_admission, a_connect_may_be_accepted_later_by_another_thread) {
    keep_decisions();
    auto c = world_.open();
    c.send("40/later,");
    const auto [sid, decide] = next_decision();
    EXPECT_TRUE(c.wire.silent(30ms));
    decide.accept(handler("first"));
    decide.accept(handler("second"));  // too late, as is this:
    decide.refuse({{"message", "no"}});
    EXPECT_EQ(c.read(), "40/later,{\"sid\":\"" + sid + "\"}");
    c.send("42/later,1[\"x\",1]");
    EXPECT_EQ(c.read(), "43/later,1[1]");
}

TEST_F(socketio_admission, what_is_sent_to_a_socket_being_decided_follows_the_answer_in_order) {
    keep_decisions();
    auto c = world_.open();
    c.send("40/later,");
    const auto [sid, decide] = next_decision();
    io_.enter_room("/later", sid, "room");
    EXPECT_EQ(world_.rooms(sid, "/later"), std::vector<std::string>{"room"});
    io_.emit_to("/later", sid, "one", {1});
    io_.emit({.nsp = "/later", .rooms = {"room"}}, "two", json::array());
    io_.emit({.nsp = "/later", .volatile_event = true}, "volatile", json::array());
    io_.emit({.nsp = "/later"}, "three", json::array());
    decide.accept(handler("x"));
    EXPECT_EQ(c.read().substr(0, 10), "40/later,{");
    EXPECT_EQ(c.read(), "42/later,[\"one\",1]");
    EXPECT_EQ(c.read(), "42/later,[\"two\"]");
    EXPECT_EQ(c.read(), "42/later,[\"three\"]");
}

TEST_F(socketio_admission, a_refused_socket_hears_nothing_of_what_was_sent_to_it) {
    keep_decisions();
    auto c = world_.open();
    c.send("40/later,");
    const auto [sid, decide] = next_decision();
    io_.emit_to("/later", sid, "secret", json::array());
    decide.refuse({{"message", "no"}, {"data", 7}});
    EXPECT_EQ(c.read(), R"(44/later,{"data":7,"message":"no"})");
    EXPECT_EQ(world_.rooms(sid, "/later"), std::nullopt);
    c.send("40");
    EXPECT_EQ(c.read().substr(0, 3), "40{");
}

TEST_F(socketio_admission, too_much_sent_to_a_socket_being_decided_closes_its_connection) {
    test::world small(1, {.max_early_bytes = 1'000});
    small.server().on_connect("/later", [&](socket_ptr s, const handshake&, const connect_decision& decide) {
        for (int i = 0; i < 5; ++i) s->emit("x", {std::string(300, 'x')});
        small.note("sent");
        std::thread([decide] {
            std::this_thread::sleep_for(100ms);
            decide.refuse({{"message", "late"}});
        }).detach();
    });
    auto c = small.open();
    c.send("40/later,");
    EXPECT_TRUE(small.noted("sent"));
    EXPECT_EQ(c.wire.ws_read().opcode, 0x8u);
    std::this_thread::sleep_for(200ms);
}

TEST_F(socketio_admission, a_decision_that_is_forgotten_refuses) {
    keep_decisions();
    auto c = world_.open();
    c.send("40/later,");
    { const auto dropped = next_decision(); }
    EXPECT_EQ(c.read(), R"(44/later,{"message":"Internal server error"})");
}

TEST_F(socketio_admission, a_client_that_leaves_before_it_is_accepted_is_told_to_the_handler) {
    keep_decisions();
    auto c = world_.open();
    c.send("40/later,");
    const auto [sid, decide] = next_decision();
    c.wire.reset();
    EXPECT_TRUE(test::eventually([&, id = sid] { return !world_.rooms(id, "/later"); }));
    decide.accept(handler("gone"));
    EXPECT_TRUE(world_.noted("gone ended: transport close"));
    auto impatient = world_.open();
    impatient.send("40/later,");
    const auto [other, again] = next_decision();
    impatient.send("41/later,");
    EXPECT_TRUE(test::eventually([&, id = other] { return !world_.rooms(id, "/later"); }));
    again.accept(handler("left"));
    EXPECT_TRUE(world_.noted("left ended: transport close"));
    impatient.send("40");
    EXPECT_EQ(impatient.read().substr(0, 3), "40{");
}

TEST_F(socketio_admission, nothing_but_a_disconnect_may_come_while_it_is_being_decided) {
    keep_decisions();
    for (const auto* sent : {"40/later,", "42/later,[\"x\"]", "43/later,1[]"}) {
        auto c = world_.open();
        c.send("40/later,");
        const auto waiting = next_decision();
        c.send(sent);
        EXPECT_EQ(c.wire.ws_read().opcode, 0x8u) << sent;
    }
}

TEST_F(socketio_admission, middlewares_pass_a_client_on_in_order_and_any_of_them_may_refuse_it) {
    std::vector<std::thread> threads;
    std::mutex lock;
    io_.on_connect("/chain", world_.acceptor());
    io_.use("/chain", [&](const socket_ptr& s, const handshake& h, const next_step& next) {
        world_.note("first " + h.auth.dump());
        s->data()["who"] = h.auth.value("who", "");
        next(std::nullopt);
    });
    io_.use("/chain", [&](socket_ptr, const handshake& h, const next_step& next) {
        const auto who = h.auth.value("who", "");
        const std::lock_guard guard(lock);
        threads.emplace_back([next, who] {  // decided elsewhere
            if (who == "eve") return next(json{{"message", "not you"}, {"data", {{"code", 17}}}});
            next(std::nullopt);
            next(json{{"message", "too late"}});
        });
    });
    io_.use("/chain", [&](const socket_ptr& s, const handshake& h, const next_step& next) {
        world_.note("last " + s->data().dump());
        if (h.auth.value("who", "") == "thrower") throw std::runtime_error("expected in this test");
        if (h.auth.value("who", "") != "forgotten") next(std::nullopt);
    });
    const auto ask = [&](const std::string& who) {
        auto c = world_.open();
        c.send("40/chain," + json{{"who", who}}.dump());
        return c.read();
    };
    EXPECT_EQ(ask("ann").substr(0, 10), "40/chain,{");
    EXPECT_EQ(world_.count(R"(first {"who":"ann"})"), 1u);
    EXPECT_EQ(world_.count(R"(last {"who":"ann"})"), 1u);
    EXPECT_EQ(ask("eve"), R"(44/chain,{"data":{"code":17},"message":"not you"})");
    EXPECT_EQ(world_.count(R"(last {"who":"eve"})"), 0u);
    EXPECT_EQ(ask("thrower"), R"(44/chain,{"message":"Internal server error"})");
    EXPECT_EQ(ask("forgotten"), R"(44/chain,{"message":"Internal server error"})");
    for (auto& each : threads) each.join();
}

TEST_F(socketio_admission, middleware_alone_makes_no_namespace) {
    io_.use("/only", [](const socket_ptr&, const handshake&, const next_step& next) { next(std::nullopt); });
    auto c = world_.open();
    c.send("40/only,");
    EXPECT_EQ(c.read(), R"(44/only,{"message":"Invalid namespace"})");
}

TEST_F(socketio_admission, dynamic_namespaces_are_those_a_predicate_or_an_expression_accepts) {
    io_.on_connect(namespaces_like("/team-\\d+"), world_.acceptor(),
                   {[](const socket_ptr&, const handshake& h, const next_step& next) {
                       if (h.auth.is_object()) return next(std::nullopt);
                       next(json{{"message", "who are you?"}});
                   }});
    io_.on_connect(
        [](const std::string&, const json& auth) { return auth.is_object() && auth.contains("any"); },
        world_.acceptor());
    auto c = world_.open();
    const auto ask = [&](const std::string& packet) {
        c.send(packet);
        return c.read();
    };
    EXPECT_EQ(ask("40/team-1,"), R"(44/team-1,{"message":"who are you?"})");
    EXPECT_EQ(ask("40/team-1,{}").substr(0, 11), "40/team-1,{");
    EXPECT_EQ(ask("40/team-,{}"), R"(44/team-,{"message":"Invalid namespace"})");
    EXPECT_EQ(ask("40/team-1x,{}"), R"(44/team-1x,{"message":"Invalid namespace"})") << "the whole name";
    EXPECT_EQ(ask("40/whatever,{\"any\":1}").substr(0, 13), "40/whatever,{");
    io_.emit({.nsp = "/team-1"}, "hello", json::array());
    EXPECT_EQ(c.read(), "42/team-1,[\"hello\"]");
}

TEST_F(socketio_admission, the_handshake_has_the_request_that_opened_the_connection) {
    std::promise<std::shared_ptr<const net::request_info>> told;
    io_.on_connect("/asks", [&](socket_ptr, const handshake& h, const connect_decision& decide) {
        EXPECT_EQ(h.remote, "127.0.0.1");
        EXPECT_FALSE(h.recovered);
        told.set_value(h.request);
        decide.refuse({{"message", "only curious"}});
    });
    test::world::client c{world_.net().connect()};
    c.wire.upgrade(std::string(test::world::path) + "&room=a%20b", "X-Token: secret\r\n");
    c.read();
    c.send("40/asks,");
    EXPECT_EQ(c.read().substr(0, 2), "44");
    const auto request = told.get_future().get();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->header("x-token"), "secret");
    EXPECT_EQ(net::query_value(request->query(), "room"), "a b");
}

TEST_F(socketio_admission, a_connection_is_in_so_many_namespaces_at_the_most) {
    io_.on_connect(namespaces_like("/n\\d+"), world_.acceptor());
    auto c = world_.open();
    for (int i = 0; i < 64; ++i) {
        const auto name = "/n" + std::to_string(i) + ",";
        c.send("40" + name);
        EXPECT_EQ(c.read().substr(0, name.size() + 3), "40" + name + "{");
    }
    c.send("40/n64,");
    EXPECT_EQ(c.read(), R"(44/n64,{"message":"Too many namespaces"})");
}

}  // namespace
}  // namespace chatterlink::socketio
