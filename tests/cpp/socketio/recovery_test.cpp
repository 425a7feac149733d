// Connection state recovery: what is kept of a socket whose connection broke, and who gets it back.
#include "socketio/recovery.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;

// ---- What is kept ----

outgoing_ptr numbered(int n, std::size_t bytes = 10) {
    auto out = std::make_shared<outgoing>();
    out->offset = std::to_string(n);
    out->bytes = bytes;
    return out;
}

std::string offsets(const std::optional<std::vector<outgoing_ptr>>& packets) {
    if (!packets) return "unknown";
    std::string text;
    for (const auto& each : *packets) text += each->offset + " ";
    return text;
}

TEST(socketio_history, knows_what_followed_a_packet) {
    packet_history h;
    const recovery_settings how;
    EXPECT_EQ(offsets(h.after(std::nullopt)), "");
    for (int n = 1; n <= 4; ++n) h.push(numbered(n), how);
    EXPECT_EQ(offsets(h.after("2")), "3 4 ");
    EXPECT_EQ(offsets(h.after("4")), "");
    EXPECT_EQ(offsets(h.after("5")), "unknown");
    EXPECT_EQ(offsets(h.after("")), "unknown");
    EXPECT_EQ(offsets(h.after(std::nullopt)), "1 2 3 4 ") << "a client that saw nothing yet (socket.io#5538)";
}

TEST(socketio_history, is_bounded_in_packets_and_in_bytes) {
    packet_history h;
    const recovery_settings how{.max_packets = 3, .max_bytes = 100};
    for (int n = 1; n <= 5; ++n) h.push(numbered(n), how);
    EXPECT_EQ(h.size(), 3u);
    EXPECT_EQ(offsets(h.after("1")), "unknown");
    EXPECT_EQ(offsets(h.after("2")), "3 4 5 ") << "the last one dropped is still a place to go on from";
    EXPECT_EQ(offsets(h.after(std::nullopt)), "unknown");
    h.push(numbered(6, 85), how);
    EXPECT_EQ(h.bytes(), 95u);
    EXPECT_EQ(offsets(h.after("4")), "5 6 ");
    h.push(numbered(7, 101), how);
    EXPECT_EQ(h.size(), 0u) << "one that is too large alone";
    EXPECT_EQ(offsets(h.after("7")), "");
    EXPECT_EQ(offsets(h.after("6")), "unknown");
}

TEST(socketio_history, is_hopeless_once_nothing_the_client_can_have_seen_is_known) {
    const recovery_settings how{.max_packets = 2};
    packet_history h;
    for (int n = 1; n <= 2; ++n) h.push(numbered(n), how);
    h.mark_away();
    for (int n = 3; n <= 4; ++n) h.push(numbered(n), how);
    EXPECT_FALSE(h.hopeless()) << "2 may be the last one it saw";
    h.push(numbered(5), how);
    EXPECT_TRUE(h.hopeless());
    packet_history fresh;
    fresh.mark_away();
    for (int n = 1; n <= 2; ++n) fresh.push(numbered(n), how);
    EXPECT_FALSE(fresh.hopeless());
    fresh.push(numbered(3), how);
    EXPECT_TRUE(fresh.hopeless());
}

TEST(socketio_history, follows_another_without_doubling_what_both_have) {
    const recovery_settings how;
    std::vector<outgoing_ptr> packets;
    for (int n = 0; n < 5; ++n) packets.push_back(numbered(n));
    packet_history old_shard, new_shard;
    for (std::size_t n = 0; n < 4; ++n) old_shard.push(packets[n], how);
    for (std::size_t n = 2; n < 5; ++n) new_shard.push(packets[n], how);
    new_shard.follow(std::move(old_shard), how);
    EXPECT_EQ(offsets(new_shard.after(std::nullopt)), "0 1 2 3 4 ");
    EXPECT_EQ(new_shard.bytes(), 50u);
}

// ---- Clients that come back ----

// With two shards the next connection arrives on the other one; with one shard always on the same.
class socketio_recovery : public testing::TestWithParam<base::shard_id> {
  protected:
    void start(recovery_settings how = {}) {
        how.enabled = true;
        world_.emplace(GetParam(), settings{.recovery = how});
    }
    server& io() { return world_->server(); }

    // Reads an event and checks it but for its offset, which is given back.
    static std::string expect_event(test::world::client& c, const std::string& name, int n) {
        const auto packet = c.read();
        const auto data = json::parse(packet.substr(packet.find('[')));
        EXPECT_EQ(data.at(0), name) << packet;
        EXPECT_EQ(data.at(1), n) << packet;
        EXPECT_EQ(data.size(), 3u) << packet;
        return data.back().get<std::string>();
    }
    // The connection breaks, and the server has noticed.
    void lose(test::world::client& c) {
        const auto before = world_->count("end " + c.sid + " transport close");
        c.wire.reset();
        EXPECT_TRUE(
            test::eventually([&] { return world_->count("end " + c.sid + " transport close") > before; }));
    }
    static json ticket(const test::world::client& c, const std::optional<std::string>& offset = {}) {
        json auth{{"pid", c.pid}};
        if (offset) auth["offset"] = *offset;
        return auth;
    }
    std::optional<test::world> world_;
};

INSTANTIATE_TEST_SUITE_P(shards, socketio_recovery, testing::Values(1, 2, 4),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(socketio_recovery, gives_back_id_rooms_data_and_what_was_missed_in_order) {
    start();
    auto c = world_->connect();
    ASSERT_FALSE(c.pid.empty());
    EXPECT_NE(c.pid, c.sid);
    io().enter_room("/", c.sid, "room");
    io().with_socket("/", c.sid, [](socket* s) { s->data() = {{"color", "blue"}}; });
    io().emit({.rooms = {"room"}}, "n", {0});
    const auto seen = expect_event(c, "n", 0);
    lose(c);
    io().emit({.rooms = {"room"}}, "n", {1});
    io().emit_to("/", c.sid, "n", {2});
    io().emit({}, "n", {3});
    io().emit({.except = {"room"}}, "not for it", {0});
    io().emit({.volatile_event = true}, "volatile", {0});
    auto back = world_->connect(ticket(c, seen));
    EXPECT_EQ(back.sid, c.sid);
    EXPECT_EQ(back.pid, c.pid) << "by this the client knows that it was recovered";
    for (int n = 1; n <= 3; ++n) expect_event(back, "n", n);
    EXPECT_EQ(world_->rooms(c.sid), std::vector<std::string>{"room"});
    std::promise<json> data;
    io().with_socket("/", c.sid, [&](socket* s) { data.set_value(s->data()); });
    EXPECT_EQ(data.get_future().get(), (json{{"color", "blue"}}));
    io().emit({.rooms = {"room"}}, "n", {4});
    io().emit({.rooms = {c.sid}}, "n", {5});
    expect_event(back, "n", 4);
    expect_event(back, "n", 5);
    EXPECT_TRUE(back.idle());
}

TEST_P(socketio_recovery, works_again_and_again_wherever_the_client_comes_back) {
    start();
    auto c = std::make_unique<test::world::client>(world_->connect());
    io().enter_room("/", c->sid, "room");
    std::optional<std::string> seen;
    for (int round = 0; round < 6; ++round) {
        lose(*c);
        io().emit({.rooms = {"room"}}, "n", {round});
        auto back = world_->connect(ticket(*c, seen));
        ASSERT_EQ(back.sid, c->sid) << "round " << round;
        seen = expect_event(back, "n", round);
        if (round % 2 == 0) world_->open().wire.close();  // so that the shards come in another order
        c = std::make_unique<test::world::client>(std::move(back));
    }
    io().disconnect("/", c->sid);
    EXPECT_EQ(c->read(), "41");
    EXPECT_EQ(world_->fetch({}), std::vector<std::string>{});
}

TEST_P(socketio_recovery, also_when_the_connection_broke_before_the_first_event) {  // socket.io#5538
    start();
    auto c = world_->connect();
    lose(c);
    io().emit({}, "n", {1});
    auto back = world_->connect(ticket(c));
    EXPECT_EQ(back.sid, c.sid);
    expect_event(back, "n", 1);
    // Sent, but lost on the way: the client does not know of it.
    io().emit({}, "n", {2});
    lose(back);
    auto again = world_->connect(ticket(c));
    EXPECT_EQ(again.sid, c.sid);
    expect_event(again, "n", 1);
    expect_event(again, "n", 2);
}

TEST_P(socketio_recovery, of_nothing_missed_is_recovered_too) {
    start();
    auto c = world_->connect();
    lose(c);
    auto back = world_->connect(ticket(c));
    EXPECT_EQ(back.sid, c.sid);
    EXPECT_TRUE(back.idle());
}

TEST_P(socketio_recovery, who_chose_to_go_begins_anew) {
    start();
    auto c = world_->connect();
    c.send("41");
    EXPECT_TRUE(world_->noted("end " + c.sid + " client disconnect"));
    EXPECT_NE(world_->connect(ticket(c)).sid, c.sid);
    auto sent_away = world_->connect();
    io().disconnect("/", sent_away.sid);
    EXPECT_EQ(sent_away.read(), "41");
    EXPECT_NE(world_->connect(ticket(sent_away)).sid, sent_away.sid);
}

TEST_P(socketio_recovery, ends_after_its_time) {
    start({.max_disconnection_duration = 100ms});
    auto c = world_->connect();
    lose(c);
    std::this_thread::sleep_for(300ms);
    auto back = world_->connect(ticket(c));
    EXPECT_NE(back.sid, c.sid);
    EXPECT_NE(back.pid, c.pid);
}

TEST_P(socketio_recovery, ends_when_too_much_was_missed) {
    start({.max_packets = 3});
    auto c = world_->connect();
    io().emit({}, "n", {0});
    const auto seen = expect_event(c, "n", 0);
    lose(c);
    for (int n = 1; n <= 3; ++n) io().emit({}, "n", {n});
    auto back = world_->connect(ticket(c, seen));
    EXPECT_EQ(back.sid, c.sid) << "three are within the bound";
    std::string last;
    for (int n = 1; n <= 3; ++n) last = expect_event(back, "n", n);
    lose(back);
    for (int n = 4; n <= 7; ++n) io().emit({}, "n", {n});
    auto anew = world_->connect(ticket(c, last));
    EXPECT_NE(anew.sid, c.sid);
    EXPECT_TRUE(anew.idle());
}

TEST_P(socketio_recovery, keeps_so_many_sockets_on_a_shard_at_the_most) {
    start({.max_parked = 1});
    std::vector<test::world::client> lost;
    for (int i = 0; i < 8; ++i) lost.push_back(world_->connect());
    for (auto& each : lost) lose(each);
    std::size_t recovered = 0;
    std::vector<test::world::client> back;
    for (auto& each : lost) {
        back.push_back(world_->connect(ticket(each)));
        if (back.back().sid == each.sid) ++recovered;
    }
    EXPECT_LE(recovered, GetParam());
    EXPECT_GE(recovered, 1u);
}

TEST_P(socketio_recovery, unknown_tickets_begin_anew) {
    start();
    auto c = world_->connect();
    lose(c);
    for (const json& auth :
         {json{{"pid", c.sid}}, json{{"pid", "x"}}, json{{"pid", ""}}, json{{"pid", 1}},
          json{{"offset", "1"}}, json{{"pid", std::string(24, 'a') + "0000"}},
          json{{"pid", std::string(24, 'a') + "ffff"}}, json{{"pid", c.pid}, {"offset", "never sent"}}}) {
        auto other = world_->connect(auth);
        EXPECT_NE(other.sid, c.sid) << auth.dump();
        EXPECT_NE(other.pid, c.pid) << auth.dump();
    }
    EXPECT_EQ(world_->connect(ticket(c)).sid, c.sid) << "and none of them took it away";
}

TEST_P(socketio_recovery, is_for_the_namespace_it_was_in) {
    start();
    auto c = world_->connect();
    lose(c);
    auto other = world_->open();
    other.send("40/other," + ticket(c).dump());
    EXPECT_EQ(other.read().find(c.sid), std::string::npos);
    EXPECT_EQ(world_->connect(ticket(c)).sid, c.sid);
}

TEST_P(socketio_recovery, takes_over_from_a_connection_the_server_still_believes_in) {
    start();
    auto c = world_->connect();
    io().emit({}, "n", {1});
    auto back = world_->connect(ticket(c));
    EXPECT_EQ(back.sid, c.sid);
    expect_event(back, "n", 1);
    EXPECT_TRUE(world_->noted("end " + c.sid + " transport close"));
    EXPECT_EQ(world_->fetch({}), std::vector<std::string>{c.sid});
}

TEST_P(socketio_recovery, middlewares_are_skipped_unless_told_otherwise) {
    for (const bool skip : {true, false}) {
        start({.skip_middlewares = skip});
        std::atomic<int> passed{0};
        std::atomic<int> recovered{0};
        io().use("/", [&](const socket_ptr&, const handshake& h, const next_step& next) {
            ++passed;
            if (h.recovered) ++recovered;
            next(std::nullopt);
        });
        auto c = world_->connect();
        lose(c);
        EXPECT_EQ(world_->connect(ticket(c)).sid, c.sid);
        EXPECT_EQ(passed, skip ? 1 : 2);
        EXPECT_EQ(recovered, skip ? 0 : 1);
        world_.reset();
    }
}

TEST_P(socketio_recovery, answers_are_not_awaited_from_who_is_away) {
    start();
    auto c = world_->connect();
    lose(c);
    std::promise<ack_outcome> outcome;
    io().emit_to("/", c.sid, "q", json::array(),
                 {.on_ack = [&](ack_outcome how, const json&) { outcome.set_value(how); }});
    EXPECT_EQ(outcome.get_future().get(), ack_outcome::disconnected);
    EXPECT_EQ(world_->fetch({}), std::vector<std::string>{}) << "nor is it there for anybody else";
    EXPECT_EQ(world_->rooms(c.sid), std::nullopt);
    io().disconnect("/", c.sid);
    EXPECT_NE(world_->connect(ticket(c)).sid, c.sid) << "the server may end it while it is away";
}

TEST_P(socketio_recovery, loses_and_doubles_nothing_while_broadcasts_go_on) {
    start({.max_packets = 100'000, .max_bytes = 100'000'000});
    auto c = std::make_unique<test::world::client>(world_->connect());
    const auto sid = c->sid;
    io().enter_room("/", sid, "room");
    std::atomic<bool> over{false};
    std::atomic<int> sent{0};
    std::thread talker([&] {
        while (!over) {
            const int n = sent++;
            if (n % 3 == 0) {
                io().emit({}, "n", {n});
            } else if (n % 3 == 1) {
                io().emit({.rooms = {"room"}}, "n", {n});
            } else {
                io().emit_to("/", sid, "n", {n});
            }
            std::this_thread::sleep_for(200us);
        }
    });
    int next = 0;
    std::optional<std::string> seen;
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 20; ++i) seen = expect_event(*c, "n", next++);
        lose(*c);
        auto back = world_->connect(ticket(*c, seen));
        ASSERT_EQ(back.sid, c->sid) << "round " << round;
        c = std::make_unique<test::world::client>(std::move(back));
    }
    over = true;
    talker.join();
    while (next < sent) expect_event(*c, "n", next++);
    EXPECT_TRUE(c->idle());
}

TEST(socketio_recovery_off, leaves_no_trace) {
    test::world world(1);
    auto c = world.connect();
    EXPECT_TRUE(c.pid.empty());
    world.server().emit({}, "n", {1});
    EXPECT_EQ(c.read(), "42[\"n\",1]");
    EXPECT_NE(world.connect({{"pid", "x"}, {"offset", "1"}}).sid, c.sid);
}

}  // namespace
}  // namespace chatterlink::socketio
