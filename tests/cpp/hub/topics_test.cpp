#include "hub/topics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/listener.hpp"

namespace chatterlink::hub {
namespace {

using test::listener;
using test::message;
using test::seqs;

TEST(topics, delivers_to_the_subscribers_of_a_topic_and_nobody_else) {
    topics t;
    listener a, b, c;
    const auto one = t.subscribe("x", a);
    const auto two = t.subscribe("x", b);
    const auto three = t.subscribe("y", c);
    EXPECT_EQ(one->topic(), "x");
    EXPECT_EQ(t.deliver("x", message(1), nullptr), 2u);
    EXPECT_EQ(t.deliver("y", message(2), nullptr), 1u);
    EXPECT_EQ(t.deliver("z", message(3), nullptr), 0u);
    EXPECT_EQ(a.got, seqs{1});
    EXPECT_EQ(b.got, seqs{1});
    EXPECT_EQ(c.got, seqs{2});
}

TEST(topics, leaves_one_out_and_does_not_count_it) {
    topics t;
    listener a, b, stranger;
    const auto one = t.subscribe("x", a);
    const auto two = t.subscribe("x", b);
    EXPECT_EQ(t.deliver("x", message(1), &a), 1u);
    EXPECT_EQ(t.deliver("x", message(2), &stranger), 2u);
    EXPECT_EQ(a.got, seqs{2});
    EXPECT_EQ(b.got, (seqs{1, 2}));
}

// Notes when its delivery is announced, and when it comes.
struct announced final : subscriber {
    std::vector<std::string>& log;
    const std::string name;
    announced(std::vector<std::string>& its_log, std::string its_name)
        : log(its_log), name(std::move(its_name)) {}
    void deliver(const frame&) override { log.push_back(name); }
    void expect(unsigned step) const noexcept override { log.push_back(name + "?" + std::to_string(step)); }
};

TEST(topics, announces_a_delivery_step_by_step_to_members_who_may_have_left_the_cache) {
    topics t;
    std::vector<std::string> log;
    std::vector<std::unique_ptr<announced>> members;
    std::vector<std::unique_ptr<subscription>> places;
    for (int i = 0; i < 20; ++i) {
        members.push_back(std::make_unique<announced>(log, std::to_string(i)));
        places.push_back(t.subscribe("x", *members.back()));
    }
    const auto position = [&](const std::string& entry) {
        return std::find(log.begin(), log.end(), entry) - log.begin();
    };
    EXPECT_EQ(t.deliver("x", message(1), nullptr, 7), 20u);
    EXPECT_EQ(log.size(), 20u * (1 + subscriber::expect_steps));
    for (const auto& each : members) {
        EXPECT_LT(position(each->name + "?0"), position(each->name + "?1"));
        EXPECT_LT(position(each->name + "?1"), position(each->name + "?2"));
        EXPECT_LT(position(each->name + "?2"), position(each->name));
    }
    EXPECT_LT(position("5"), position("10?1")) << "not all of them long before";

    log.clear();
    EXPECT_EQ(t.deliver("x", message(2), nullptr, 7), 20u);
    EXPECT_EQ(log.size(), 20u) << "the thread has not waited since: they are in the cache";
    log.clear();
    EXPECT_EQ(t.deliver("x", message(3), nullptr, 8), 20u);
    EXPECT_EQ(log.size(), 20u * (1 + subscriber::expect_steps));

    places.resize(3);
    log.clear();
    EXPECT_EQ(t.deliver("x", message(4), nullptr, 9), 3u);
    EXPECT_EQ(log.size(), 3u) << "so few are delivered to at once";
}

TEST(topics, dropping_a_subscription_unsubscribes_and_the_last_one_ends_the_topic) {
    topics t;
    listener a, b;
    auto one = t.subscribe("x", a);
    auto two = t.subscribe("x", b);
    EXPECT_EQ(t.subscribers("x"), 2u);
    EXPECT_EQ(t.count(), 1u);
    one.reset();
    EXPECT_EQ(t.deliver("x", message(1), nullptr), 1u);
    EXPECT_EQ(b.got, seqs{1});
    two.reset();
    EXPECT_EQ(t.subscribers("x"), 0u);
    EXPECT_EQ(t.count(), 0u);
    EXPECT_EQ(t.deliver("x", message(2), nullptr), 0u);
}

TEST(topics, one_subscriber_may_be_in_many_topics_and_twice_in_one) {
    topics t;
    listener a;
    const auto one = t.subscribe("x", a);
    const auto two = t.subscribe("y", a);
    auto again = t.subscribe("x", a);
    t.deliver("x", message(1), nullptr);
    again.reset();
    t.deliver("x", message(2), nullptr);
    t.deliver("y", message(3), nullptr);
    EXPECT_EQ(a.got, (seqs{1, 1, 2, 3}));
}

// The last subscriber takes the place of the one that leaves; holds and filters have to move along.
TEST(topics, the_places_of_those_who_stay_survive_every_order_of_leaving) {
    std::mt19937 random(5);
    for (int round = 0; round < 200; ++round) {
        topics t;
        std::vector<std::pair<std::unique_ptr<listener>, std::unique_ptr<subscription>>> all;
        for (int i = 0; i < 8; ++i) {
            auto who = std::make_unique<listener>();
            auto s = t.subscribe("x", *who);
            all.emplace_back(std::move(who), std::move(s));
        }
        all[2].second->release(10);  // sees nothing up to 10
        auto* const filtered = all[2].first.get();
        all[5].second->hold();
        auto* const holding = all[5].first.get();
        std::uint64_t seq = 1;
        while (!all.empty()) {
            std::vector<std::size_t> before;
            for (const auto& [who, s] : all) before.push_back(who->got.size());
            t.deliver("x", message(seq), nullptr);
            for (std::size_t i = 0; i < all.size(); ++i) {
                const auto* who = all[i].first.get();
                const bool silent = who == filtered || who == holding;
                ASSERT_EQ(who->got.size(), before[i] + (silent ? 0 : 1))
                    << "round " << round << " seq " << seq;
            }
            ++seq;
            const auto leaving = all.begin() + static_cast<std::ptrdiff_t>(random() % all.size());
            leaving->second.reset();
            all.erase(leaving);
        }
        EXPECT_EQ(t.count(), 0u);
    }
}

TEST(topics, what_is_held_comes_at_the_release_in_order) {
    topics t;
    listener a;
    const auto s = t.subscribe("x", a);
    s->hold();
    EXPECT_EQ(t.deliver("x", message(1), nullptr), 0u);
    t.deliver("x", message(2), nullptr);
    EXPECT_TRUE(a.got.empty());
    s->release(0);
    EXPECT_EQ(a.got, (seqs{1, 2}));
    EXPECT_EQ(t.deliver("x", message(3), nullptr), 1u);
    EXPECT_EQ(a.got, (seqs{1, 2, 3}));
}

TEST(topics, a_release_leaves_out_what_history_showed_already) {
    topics t;
    listener a;
    const auto s = t.subscribe("x", a);
    s->hold();
    for (std::uint64_t seq = 3; seq <= 6; ++seq) t.deliver("x", message(seq), nullptr);
    s->release(4);
    EXPECT_EQ(a.got, (seqs{5, 6}));
}

TEST(topics, what_was_in_the_history_is_left_out_although_it_is_published_after_the_release) {
    topics t;
    listener a;
    const auto s = t.subscribe("x", a);
    s->hold();
    s->release(5);  // the store had 5 when asked; its broadcast is still on the way
    t.deliver("x", message(5), nullptr);
    t.deliver("x", message(6), nullptr);
    EXPECT_EQ(a.got, seqs{6});
}

TEST(topics, frames_without_a_place_in_the_order_are_never_filtered) {
    topics t;
    listener a;
    const auto s = t.subscribe("x", a);
    s->hold();
    t.deliver("x", message(0), nullptr);
    s->release(100);
    t.deliver("x", message(0), nullptr);
    EXPECT_EQ(a.got, (seqs{0, 0}));
}

// Whenever the subscription, the reading of history and the release come, every message is seen exactly once.
TEST(topics, history_and_live_together_show_every_message_exactly_once) {
    constexpr std::uint64_t last = 12;
    for (std::uint64_t subscribed = 0; subscribed <= last; ++subscribed) {
        for (std::uint64_t read = subscribed; read <= last; ++read) {
            for (std::uint64_t released = read; released <= last; ++released) {
                topics t;
                listener a;
                std::unique_ptr<subscription> s;
                std::uint64_t history = 0;
                for (std::uint64_t seq = 0; seq <= last; ++seq) {
                    if (seq != 0) t.deliver("x", message(seq), nullptr);
                    if (seq == subscribed) {
                        s = t.subscribe("x", a);
                        s->hold();
                    }
                    if (seq == read) history = seq;
                    if (seq == released) s->release(history);
                }
                seqs all;
                for (std::uint64_t seq = 1; seq <= history; ++seq) all.push_back(seq);
                all.insert(all.end(), a.got.begin(), a.got.end());
                seqs expected;
                for (std::uint64_t seq = 1; seq <= last; ++seq) expected.push_back(seq);
                ASSERT_EQ(all, expected) << subscribed << " " << read << " " << released;
            }
        }
    }
}

TEST(topics, leaving_while_holding_drops_what_was_kept) {
    topics t;
    listener a;
    const auto f = message(1);
    {
        const auto s = t.subscribe("x", a);
        s->hold();
        t.deliver("x", f, nullptr);
        EXPECT_EQ(f.use_count(), 2);
    }
    EXPECT_EQ(f.use_count(), 1);
    EXPECT_TRUE(a.got.empty());
}

TEST(topics, tells_when_a_topic_gains_its_first_and_loses_its_last_subscriber) {
    topics t;
    std::vector<std::pair<std::string, bool>> told;
    t.on_interest([&](const std::string& topic, bool some) { told.emplace_back(topic, some); });
    listener a, b;
    auto one = t.subscribe("x", a);
    auto two = t.subscribe("x", b);
    auto three = t.subscribe("y", a);
    one.reset();
    two.reset();
    auto again = t.subscribe("x", a);
    EXPECT_EQ(told, (std::vector<std::pair<std::string, bool>>{
                        {"x", true}, {"y", true}, {"x", false}, {"x", true}}));
}

}  // namespace
}  // namespace chatterlink::hub
