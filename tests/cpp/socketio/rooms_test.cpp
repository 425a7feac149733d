// Rooms, broadcasts and the order of things, all asked of the server by a thread that is no shard's, over
// one, two and four shards.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

class socketio_rooms : public testing::TestWithParam<base::shard_id> {
  protected:
    test::world world_{GetParam()};
    server& io_ = world_.server();
};

INSTANTIATE_TEST_SUITE_P(shards, socketio_rooms, testing::Values(1, 2, 4),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(socketio_rooms, a_room_entered_is_reached_by_the_next_broadcast_and_a_room_left_is_not) {
    auto members = world_.crowd(5);
    for (int round = 0; round < 20; ++round) {
        const auto& sid = members[static_cast<std::size_t>(round) % 5].sid;
        const auto room = "room " + std::to_string(round);
        io_.enter_room("/", sid, room);
        io_.emit({.rooms = {room}}, "in", {round});
        io_.leave_room("/", sid, room);
        io_.emit({.rooms = {room}}, "out", {round});
    }
    for (int round = 0; round < 20; ++round)
        EXPECT_EQ(members[static_cast<std::size_t>(round) % 5].read(),
                  "42[\"in\"," + std::to_string(round) + "]");
    for (auto& each : members) EXPECT_TRUE(each.idle());
}

TEST_P(socketio_rooms, without_rooms_a_broadcast_is_for_everybody_in_the_namespace) {
    auto everyone = world_.crowd(6);
    auto elsewhere = world_.open();
    elsewhere.send("40/other,");
    elsewhere.read();
    io_.emit({}, "all", {1, json::binary({7}), "x"});
    for (auto& each : everyone) {
        EXPECT_EQ(each.read(), R"(451-["all",1,{"_placeholder":true,"num":0},"x"])");
        EXPECT_EQ(each.wire.ws_read().payload, "\x07");
    }
    io_.emit({.nsp = "/other"}, "other", json::array());
    EXPECT_EQ(elsewhere.read(), R"(42/other,["other"])");
    io_.emit({.nsp = "/nowhere"}, "lost", json::array());
    for (auto& each : everyone) EXPECT_TRUE(each.idle());
}

TEST_P(socketio_rooms, who_is_in_several_of_the_rooms_gets_it_once_and_the_excepted_not_at_all) {
    auto members = world_.crowd(4);
    for (int i = 0; i < 4; ++i) {
        if (i < 3) io_.enter_room("/", members[static_cast<std::size_t>(i)].sid, "a");
        if (i > 0) io_.enter_room("/", members[static_cast<std::size_t>(i)].sid, "b");
    }
    io_.enter_room("/", members[1].sid, "muted");
    io_.emit({.rooms = {"a", "b", members[2].sid}, .except = {"muted", members[3].sid}}, "x", json::array());
    EXPECT_EQ(members[0].read(), "42[\"x\"]");
    EXPECT_EQ(members[2].read(), "42[\"x\"]");
    io_.emit({.except = {members[0].sid}}, "y", json::array());
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(members[i].read(), "42[\"y\"]");
    for (auto& each : members) EXPECT_TRUE(each.idle());
}

TEST_P(socketio_rooms, every_socket_is_in_the_room_of_its_own_id_which_others_may_enter_too) {
    auto members = world_.crowd(3);
    io_.emit({.rooms = {members[0].sid}}, "own", json::array());
    EXPECT_EQ(members[0].read(), "42[\"own\"]");
    io_.enter_room("/", members[1].sid, members[0].sid);
    io_.emit({.rooms = {members[0].sid}}, "both", json::array());
    EXPECT_EQ(members[0].read(), "42[\"both\"]");
    EXPECT_EQ(members[1].read(), "42[\"both\"]");
    for (auto& each : members) EXPECT_TRUE(each.idle());
}

TEST_P(socketio_rooms, the_rooms_of_a_socket_are_told_and_a_closed_room_is_empty) {
    auto one = world_.connect();
    auto two = world_.connect();
    // Names of JavaScript's prototypes, an empty one and one like an id are plain names.
    const strings names{"", "__proto__", "constructor", "room", "toString", "aaaaaaaaaaaaaaaaaaaa0000"};
    for (const auto& name : names) {
        io_.enter_room("/", one.sid, name);
        io_.enter_room("/", one.sid, name);
        io_.enter_room("/", two.sid, name);
    }
    auto sorted = names;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(world_.rooms(one.sid), sorted);
    EXPECT_EQ(world_.fetch({.rooms = {"__proto__"}}).size(), 2u);
    for (const auto& name : names) io_.close_room("/", name);
    EXPECT_EQ(world_.rooms(one.sid), strings{});
    EXPECT_EQ(world_.rooms(two.sid), strings{});
    EXPECT_EQ(world_.rooms("nobody"), std::nullopt);
    EXPECT_EQ(world_.rooms("aaaaaaaaaaaaaaaaaaaa0000"), std::nullopt);
    EXPECT_EQ(world_.rooms("aaaaaaaaaaaaaaaaaaaaffff"), std::nullopt) << "a shard there is not";
    EXPECT_EQ(world_.rooms(one.sid, "/other"), std::nullopt);
}

TEST_P(socketio_rooms, whole_rooms_enter_leave_and_are_told) {
    auto members = world_.crowd(6);
    for (std::size_t i = 0; i < 3; ++i) io_.enter_room("/", members[i].sid, "few");
    io_.join_rooms({.rooms = {"few"}}, {"more", "most"});
    io_.emit({.rooms = {"more", "most"}}, "hello", json::array());
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(members[i].read(), "42[\"hello\"]");
    strings few{members[0].sid, members[1].sid, members[2].sid};
    std::sort(few.begin(), few.end());
    EXPECT_EQ(world_.fetch({.rooms = {"most"}}), few);
    EXPECT_EQ(world_.fetch({}).size(), 6u);
    EXPECT_EQ(world_.fetch({.rooms = {"nobody"}}), strings{});
    EXPECT_EQ(world_.fetch({.except = {"few"}}).size(), 3u);
    io_.leave_rooms({.rooms = {"more"}, .except = {members[0].sid}}, {"few", "more"});
    EXPECT_EQ(world_.fetch({.rooms = {"few"}}), strings{members[0].sid});
    EXPECT_EQ(world_.rooms(members[1].sid), strings{"most"});
}

TEST_P(socketio_rooms, whole_rooms_are_disconnected) {
    auto members = world_.crowd(6);
    for (std::size_t i = 0; i < 3; ++i) io_.enter_room("/", members[i].sid, "out");
    io_.disconnect({.rooms = {"out"}});
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(members[i].read(), "41");
        EXPECT_TRUE(world_.noted("end " + members[i].sid + " server disconnect"));
    }
    EXPECT_EQ(world_.fetch({}).size(), 3u);
    io_.disconnect({.except = {members[5].sid}}, true);
    for (std::size_t i = 3; i < 5; ++i) {
        EXPECT_EQ(members[i].read(), "41");
        EXPECT_EQ(members[i].wire.ws_read().opcode, 0x8u) << "and the connection with it";
    }
    EXPECT_TRUE(members[5].idle());
}

TEST_P(socketio_rooms, one_socket_is_disconnected_alone_or_with_its_connection) {
    auto c = world_.connect();
    c.send("40/other,");
    c.read();
    io_.disconnect("/", c.sid);
    EXPECT_EQ(c.read(), "41");
    c.send("42/other,1[\"still\"]");
    EXPECT_EQ(c.read(), "43/other,1[]");
    EXPECT_EQ(world_.rooms(c.sid), std::nullopt);
    auto whole = world_.connect();
    io_.disconnect("/", whole.sid, true);
    EXPECT_EQ(whole.read(), "41");
    EXPECT_EQ(whole.wire.ws_read().opcode, 0x8u);
    io_.disconnect("/", "nobody");
    io_.enter_room("/", c.sid, "late");
    EXPECT_EQ(world_.fetch({.rooms = {"late"}}), strings{});
}

TEST_P(socketio_rooms, what_one_thread_emits_reaches_each_client_in_that_order) {
    auto members = world_.crowd(4);
    for (auto& each : members) io_.enter_room("/", each.sid, "room");
    for (int n = 0; n < 300; n += 3) {
        io_.emit({.rooms = {"room"}}, "n", {n});
        for (auto& each : members) io_.emit_to("/", each.sid, "n", {n + 1});
        io_.emit({}, "n", {n + 2});
    }
    for (auto& each : members) {
        for (int n = 0; n < 300; ++n) ASSERT_EQ(each.read(), "42[\"n\"," + std::to_string(n) + "]");
    }
}

TEST_P(socketio_rooms, everybody_gets_the_broadcasts_of_several_threads_in_one_order) {
    constexpr int threads = 4;
    constexpr int each_sends = 200;
    auto members = world_.crowd(5);
    for (auto& each : members) io_.enter_room("/", each.sid, "room");
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t) {
        senders.emplace_back([&, t] {
            for (int n = 0; n < each_sends; ++n) io_.emit({.rooms = {"room"}}, "n", {t, n});
        });
    }
    for (auto& each : senders) each.join();
    strings first;
    for (int i = 0; i < threads * each_sends; ++i) first.push_back(members[0].read());
    EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), first.size()) << "each once";
    for (std::size_t m = 1; m < members.size(); ++m) {
        for (const auto& expected : first) ASSERT_EQ(members[m].read(), expected);
    }
}

TEST_P(socketio_rooms, events_of_one_client_come_in_order) {
    auto c = world_.connect();
    for (int n = 0; n < 200; ++n) c.send("42" + std::to_string(n) + "[\"n\"," + std::to_string(n) + "]");
    for (int n = 0; n < 200; ++n)
        EXPECT_EQ(c.read(), "43" + std::to_string(n) + "[" + std::to_string(n) + "]");
}

TEST_P(socketio_rooms, clients_may_come_and_go_while_everybody_is_told) {
    std::atomic<bool> over{false};
    std::thread talker([&] {
        for (int n = 0; !over; ++n) {
            io_.emit({}, "n", {n});
            io_.emit({.rooms = {"room", "other"}}, "m", {n});
            io_.join_rooms({}, {"room"});
            std::this_thread::sleep_for(1ms);
        }
    });
    for (int i = 0; i < 30; ++i) {
        auto c = world_.open();
        c.send("40");
        if (i % 3 != 0) {
            EXPECT_EQ(c.read().substr(0, 3), "40{") << "first of all";
        }
        c.wire.reset();
    }
    over = true;
    talker.join();
    EXPECT_TRUE(test::eventually([&] { return world_.fetch({}).empty(); }));
}

TEST_P(socketio_rooms, a_socket_is_in_so_many_rooms_at_the_most) {
    test::world small(GetParam(), {.max_rooms = 3});
    auto c = small.connect();
    for (int i = 0; i < 5; ++i) small.server().enter_room("/", c.sid, std::to_string(i));
    EXPECT_EQ(small.rooms(c.sid), (strings{"0", "1", "2"}));
}

}  // namespace
}  // namespace chatterlink::socketio
