// Presence and typing: coalesced, bounded, linear in the number of joins.
#include <gtest/gtest.h>

#include "chat/chat_world.hpp"

namespace chatterlink::chat {
namespace {

using namespace std::chrono_literals;
using base::errc;
using test::chat_world;
using test::person;
using names = std::vector<std::string>;

class service_presence : public testing::TestWithParam<base::shard_id> {
  protected:
    chat_world world{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(shards, service_presence, testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(service_presence, others_are_told_who_came_and_went) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    world.threads.advance(100ms);
    EXPECT_EQ(ann.take("presence"), names{"presence lobby +Ann =1"});
    ASSERT_TRUE(world.join(bob, "Bob"));
    EXPECT_EQ(ann.take("presence"), names{}) << "not at once";
    world.threads.advance(100ms);
    EXPECT_EQ(ann.take("presence"), names{"presence lobby +Bob =2"});
    EXPECT_EQ(bob.take("presence"), names{"presence lobby +Bob =2"});
    ASSERT_TRUE(world.leave(bob));
    world.threads.advance(100ms);
    EXPECT_EQ(ann.take("presence"), names{"presence lobby -Bob =1"});
    EXPECT_EQ(bob.take("presence"), names{});
}

TEST_P(service_presence, what_happens_within_one_delay_is_told_together) {
    auto& ann = world.enter(0);
    ASSERT_TRUE(world.join(ann, "Ann"));
    world.threads.advance(1s);
    ann.take();
    auto& bob = world.enter(1);
    auto& cleo = world.enter(0);
    ASSERT_TRUE(world.join(bob, "Bob"));
    ASSERT_TRUE(world.join(cleo, "Cleo"));
    ASSERT_TRUE(world.leave(bob));
    world.threads.advance(1s);
    EXPECT_EQ(ann.take("presence"), names{"presence lobby +Cleo =2"});
    world.exit(cleo);
    ASSERT_TRUE(world.join(world.enter(1), "Cleo"));  // a reload
    world.threads.advance(1s);
    EXPECT_EQ(ann.take("presence"), names{}) << "nothing to tell";
}

TEST_P(service_presence, a_thousand_joins_make_few_events_and_linear_work) {
    constexpr int joins = 1'000;
    const auto posted_before = world.threads.posted;
    for (int i = 0; i < joins; ++i) {
        ASSERT_TRUE(world.join(world.enter(static_cast<base::shard_id>(i)), "user " + std::to_string(i)));
        world.threads.advance(1ms);  // within one second
    }
    world.threads.advance(5s);
    EXPECT_LE(world.encoder.encoded["presence"], 12u);
    EXPECT_GE(world.encoder.encoded["presence"], 2u);
    EXPECT_LE(world.threads.posted - posted_before, joins * 5u);
    EXPECT_LE(world.rooms.counters().delivered, joins * 12u) << "not one event to each member for each join";
    const auto last = world.people[0]->take("presence").back();
    EXPECT_TRUE(last.ends_with(" =1000")) << last;
    for (const auto& each : world.people) {
        for (const auto& told : each->take("presence")) EXPECT_LT(told.size(), 2'000u);
    }
}

TEST_P(service_presence, the_larger_the_room_the_longer_it_waits_up_to_a_limit) {
    auto bounds = chat_world::unlimited();
    bounds.presence_delay_max = 800ms;  // as if the room were larger; the other two are the server's own
    chat_world crowd(GetParam(), bounds);
    std::size_t gone = 0;
    const auto grow = [&](std::size_t members) {
        while (crowd.people.size() - gone < members) {
            const auto n = crowd.people.size();
            ASSERT_TRUE(crowd.join(crowd.enter(static_cast<base::shard_id>(n)), "user " + std::to_string(n)));
        }
        crowd.threads.advance(10s);
        crowd.people[0]->take();
    };
    // In a room of so many, one goes: told not before, but by then.
    const auto expect_told_after = [&](std::size_t members, base::milliseconds delay) {
        grow(members + 1);
        crowd.exit(*crowd.people.back());
        ++gone;
        crowd.threads.advance(delay - 1ms);
        EXPECT_EQ(crowd.people[0]->take("presence"), names{}) << members << " members";
        crowd.threads.advance(1ms);
        EXPECT_EQ(crowd.people[0]->take("presence").size(), 1u) << members << " members";
    };
    expect_told_after(20, 100ms);
    expect_told_after(250, 100ms);
    expect_told_after(500, 200ms);
    expect_told_after(1'000, 400ms);
    expect_told_after(3'000, 800ms);
}

TEST_P(service_presence, an_empty_room_is_forgotten_and_its_timers_find_nothing) {
    auto& ann = world.enter(0);
    ASSERT_TRUE(world.join(ann, "Ann"));
    ASSERT_TRUE(world.typing(ann, true));
    ASSERT_TRUE(world.leave(ann));
    world.threads.advance(1min);
    EXPECT_EQ(world.encoder.encoded["presence"], 0u);
    EXPECT_TRUE(world.list(ann).value().empty());
    ASSERT_TRUE(world.join(ann, "Ann"));
    world.threads.advance(1s);
    EXPECT_EQ(ann.take("presence"), names{"presence lobby +Ann =1"});
}

// ---- Typing ----

TEST_P(service_presence, typing_is_told_once_for_each_change) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    ASSERT_TRUE(world.join(bob, "Bob"));
    world.threads.advance(1s);
    ann.take();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(world.typing(bob, true));
    EXPECT_TRUE(world.typing(ann, true));
    world.threads.advance(150ms);
    EXPECT_EQ(ann.take(), names{"typing lobby Ann Bob"});
    EXPECT_TRUE(world.typing(bob, false));
    world.threads.advance(150ms);
    EXPECT_EQ(ann.take(), names{"typing lobby Ann"});
    EXPECT_TRUE(world.typing(bob, false));
    world.threads.advance(150ms);
    EXPECT_EQ(ann.take(), names{}) << "no change";
}

TEST_P(service_presence, only_members_type) {
    auto& ann = world.enter(0);
    const auto refused = world.typing(ann, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::not_joined);
}

TEST_P(service_presence, who_leaves_or_renames_types_no_more) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    for (const bool renames : {false, true}) {
        ASSERT_TRUE(world.join(bob, "Bob"));
        ASSERT_TRUE(world.typing(bob, true));
        world.threads.advance(1s);
        EXPECT_EQ(ann.take("typing"), names{"typing lobby Bob"});
        if (renames) {
            ASSERT_TRUE(world.join(bob, "Berta"));
        } else {
            ASSERT_TRUE(world.leave(bob));
        }
        world.threads.advance(1s);
        EXPECT_EQ(ann.take("typing"), names{"typing lobby"}) << (renames ? "renames" : "leaves");
    }
}

TEST_P(service_presence, typing_that_is_not_renewed_is_taken_back) {
    auto bounds = chat_world::unlimited();
    bounds.typing_expiry = 0ms;  // over at the first look, which comes after a second of the shards' time
    chat_world w(GetParam(), bounds);
    auto& ann = w.enter(0);
    auto& bob = w.enter(1);
    ASSERT_TRUE(w.join(ann, "Ann"));
    ASSERT_TRUE(w.join(bob, "Bob"));
    w.threads.advance(1s);
    ann.take();
    ASSERT_TRUE(w.typing(bob, true));
    w.threads.advance(500ms);
    EXPECT_EQ(ann.take("typing"), names{"typing lobby Bob"});
    w.threads.advance(1s);
    EXPECT_EQ(ann.take("typing"), names{"typing lobby"});
    w.threads.advance(1h);
    EXPECT_EQ(ann.take("typing"), names{}) << "and nothing goes on by itself";
}

}  // namespace
}  // namespace chatterlink::chat
