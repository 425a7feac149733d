#include "load/board.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chatterlink::load {
namespace {

options wanted(std::uint32_t clients, std::uint32_t rooms, std::uint32_t senders) {
    options o;
    o.clients = clients;
    o.rooms = rooms;
    o.senders = senders;
    return o;
}

// A board, its members, and texts sent to it as a server would wrap them.
struct world {
    explicit world(const options& o) : results(o, 3) {
        for (std::uint32_t i = 0; i < o.clients; ++i) members.push_back(results.member_of(i));
    }
    std::string say(std::uint32_t sender, nanoseconds due = 100) {
        std::uint32_t seq = 0;
        return "{\"message\":\"" + std::string(results.next_text(sender, due, seq)) + "\"}";
    }
    void give(std::uint32_t client, const std::string& packet, nanoseconds now = 1000) {
        results.deliver(members[client], packet, now);
    }
    board results;
    std::vector<member> members;
};

TEST(board, spreads_clients_and_senders_over_the_rooms) {
    const board b(wanted(7, 3, 4), 1);
    EXPECT_EQ(b.members_of(0), 3U);
    EXPECT_EQ(b.members_of(1), 2U);
    EXPECT_EQ(b.members_of(2), 2U);
    EXPECT_EQ(b.member_of(4).room, 1U);
    EXPECT_EQ(b.member_of(3).sender, 3U);
    EXPECT_EQ(b.member_of(4).sender, member::no_sender);
}

TEST(board, expects_each_message_at_every_member_of_its_room) {
    world w(wanted(5, 2, 2));
    w.results.begin_measuring();
    const auto one = w.say(0);
    const auto two = w.say(1);
    for (const std::uint32_t client : {0U, 2U, 4U}) w.give(client, one);
    w.give(1, two);
    EXPECT_EQ(w.results.sent(), 2U);
    EXPECT_EQ(w.results.expected(), 5U);
    EXPECT_EQ(w.results.measured(), (tally{4, 0, 0, 0}));
    EXPECT_EQ(w.results.corrupt(), 0U);
}

TEST(board, counts_duplicates_and_late_ones) {
    world w(wanted(1, 1, 1));
    w.results.begin_measuring();
    const auto one = w.say(0);
    const auto two = w.say(0);
    const auto three = w.say(0);
    for (const auto& each : {one, three, two, two}) w.give(0, each);
    EXPECT_EQ(w.results.measured(), (tally{3, 1, 1, 0}));
}

TEST(board, leaves_the_warm_up_out_of_what_is_measured) {
    world w(wanted(2, 1, 1));
    const auto before = w.say(0);
    w.results.begin_measuring();
    const auto after = w.say(0);
    w.give(0, before);
    w.give(0, after);
    w.give(1, after);
    EXPECT_EQ(w.results.expected(), 2U);
    EXPECT_EQ(w.results.warmup_expected(), 2U);
    EXPECT_EQ(w.results.measured().deliveries, 2U);
    EXPECT_EQ(w.results.warmup().deliveries, 1U);
    EXPECT_EQ(w.results.latency().count(), 2U);
}

TEST(board, takes_latencies_from_the_scheduled_time) {
    world w(wanted(1, 1, 1));
    w.results.begin_measuring();
    w.give(0, w.say(0, 10'000), 10'100);
    EXPECT_EQ(w.results.latency().max(), 100U);
}

TEST(board, tells_a_member_when_its_own_message_came_back) {
    world w(wanted(2, 1, 2));
    const auto one = w.say(0);
    w.give(0, one);
    w.give(1, one);
    w.give(0, one);
    EXPECT_EQ(w.members[0].returned, 1U);
    EXPECT_EQ(w.members[1].returned, 0U);
}

TEST(board, takes_nothing_that_cannot_be_right) {
    world w(wanted(2, 2, 2));
    const auto one = w.say(0);
    w.give(1, one);      // another room's
    w.give(0, one, 99);  // before it was due
    board other(wanted(2, 2, 2), 3);
    std::uint32_t seq = 0;
    for (int i = 0; i < 3; ++i) other.next_text(0, 5, seq);
    w.give(0, std::string(other.next_text(0, 5, seq)));  // a number that was not sent
    auto broken = one;
    broken[60] = '!';
    w.give(0, broken);
    EXPECT_EQ(w.results.corrupt(), 4U);
    EXPECT_EQ(w.results.arrived(), 0U);
    w.give(0, "a foreign text");
    EXPECT_EQ(w.results.corrupt(), 4U);
}

TEST(board, knows_whom_a_probe_reached) {
    world w(wanted(2, 1, 1));
    w.give(1, std::string(w.results.probe_text()));
    EXPECT_FALSE(w.members[0].probed);
    EXPECT_TRUE(w.members[1].probed);
    EXPECT_EQ(w.results.corrupt(), 0U);
}

TEST(board, counts_each_ack_once_and_refusals_apart) {
    world w(wanted(1, 1, 1));
    w.results.begin_measuring();
    for (int i = 0; i < 100; ++i) w.say(0, 1000);  // the ring of open ones has to grow
    for (const std::uint32_t seq : {100U, 1U, 1U, 2U, 101U, 0U}) w.results.acknowledged(0, seq, "", 1500);
    w.results.acknowledged(0, 3, R"([{"ok":false}])", 1500);
    w.results.acknowledged(0, 3, R"([{"ok":false}])", 1500);
    EXPECT_EQ(w.results.measured().acks, 3U);
    EXPECT_EQ(w.results.refused(), 1U);
    EXPECT_EQ(w.results.first_refusal(), R"([{"ok":false}])");
    EXPECT_EQ(w.results.ack_latency().count(), 3U);
    EXPECT_EQ(w.results.ack_latency().max(), 500U);
}

}  // namespace
}  // namespace chatterlink::load
