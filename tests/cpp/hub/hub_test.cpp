#include "hub/hub.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hub/listener.hpp"
#include "support/manual_shards.hpp"

namespace chatterlink::hub {
namespace {

using base::shard_id;
using test::listener;
using test::message;
using test::seqs;

class hub_over_shards : public testing::TestWithParam<shard_id> {
  protected:
    std::unique_ptr<subscription> subscribe(shard_id where, const std::string& topic, subscriber& who) {
        std::unique_ptr<subscription> s;
        threads.enter(where, [&] { s = rooms.subscribe(topic, who); });
        return s;
    }
    void publish(shard_id from, const std::string& topic, frame_ptr f, const subscriber* except = nullptr) {
        threads.enter(from, [&] { rooms.publish(topic, std::move(f), except); });
    }
    shard_id last_shard() const { return GetParam() - 1; }

    chatterlink::test::manual_shards threads{GetParam()};
    hub rooms{threads};
};

INSTANTIATE_TEST_SUITE_P(shards, hub_over_shards, testing::Values(1, 3),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(hub_over_shards, every_subscriber_gets_what_is_published_from_any_shard) {
    std::vector<listener> everyone(9);
    std::vector<std::unique_ptr<subscription>> places;
    for (std::size_t i = 0; i < everyone.size(); ++i)
        places.push_back(subscribe(static_cast<shard_id>(i) % threads.count(), "room", everyone[i]));
    listener elsewhere;
    const auto other = subscribe(0, "other room", elsewhere);
    for (shard_id from = 0; from < threads.count(); ++from) publish(from, "room", message(from + 1));
    threads.run();
    for (const auto& each : everyone) EXPECT_EQ(each.got.size(), threads.count());
    EXPECT_TRUE(elsewhere.got.empty());
    EXPECT_EQ(rooms.counters().published, threads.count());
    EXPECT_EQ(rooms.counters().delivered, 9 * threads.count());
}

TEST_P(hub_over_shards, all_see_one_order_whoever_publishes) {
    std::vector<listener> everyone(6);
    std::vector<std::unique_ptr<subscription>> places;
    for (std::size_t i = 0; i < everyone.size(); ++i)
        places.push_back(subscribe(static_cast<shard_id>(i) % threads.count(), "room", everyone[i]));
    for (std::uint64_t n = 1; n <= 100; ++n)
        publish(static_cast<shard_id>(n * 7) % threads.count(), "room", message(n));
    threads.run();
    ASSERT_EQ(everyone[0].got.size(), 100u);
    for (const auto& each : everyone) EXPECT_EQ(each.got, everyone[0].got);
}

TEST_P(hub_over_shards, what_one_shard_publishes_arrives_in_the_order_published) {
    listener here, there;
    const auto one = subscribe(0, "room", here);
    const auto two = subscribe(last_shard(), "room", there);
    seqs expected;
    for (std::uint64_t n = 1; n <= 50; ++n) {
        publish(last_shard(), "room", message(n));
        expected.push_back(n);
    }
    threads.run();
    EXPECT_EQ(here.got, expected);
    EXPECT_EQ(there.got, expected);
}

TEST_P(hub_over_shards, the_frame_is_shared_not_copied) {
    listener a, b;
    const auto one = subscribe(0, "room", a);
    const auto two = subscribe(last_shard(), "room", b);
    const auto f = message(1);
    publish(0, "room", f);
    threads.run();
    EXPECT_EQ(a.last, f.get());
    EXPECT_EQ(b.last, f.get());
    EXPECT_EQ(f.use_count(), 1) << "still referenced after delivery";
}

TEST_P(hub_over_shards, a_broadcast_costs_one_task_for_each_other_shard_with_subscribers) {
    const auto home = threads.home_of("room");
    std::vector<listener> everyone(300);
    std::vector<std::unique_ptr<subscription>> places;
    for (std::size_t i = 0; i < everyone.size(); ++i)
        places.push_back(subscribe(static_cast<shard_id>(i) % threads.count(), "room", everyone[i]));
    const auto before = threads.posted;
    publish(home, "room", message(1));
    threads.run();
    EXPECT_EQ(rooms.counters().shard_tasks, threads.count() - 1) << "not one for each of the 300";
    EXPECT_EQ(threads.posted - before, threads.count() - 1);
    EXPECT_EQ(rooms.counters().delivered, 300u);
}

TEST_P(hub_over_shards, shards_without_subscribers_hear_nothing) {
    const auto home = threads.home_of("room");
    listener a;
    auto place = subscribe(home, "room", a);
    publish(home, "room", message(1));
    threads.run();
    EXPECT_EQ(rooms.counters().shard_tasks, 0u);
    place.reset();
    publish(home, "room", message(2));
    publish(home, "never heard of", message(3));
    threads.run();
    EXPECT_EQ(rooms.counters().shard_tasks, 0u);
    EXPECT_EQ(a.got, seqs{1});
}

TEST_P(hub_over_shards, interest_follows_subscribers_that_come_and_go) {
    listener a, b;
    const auto far = last_shard();
    auto one = subscribe(far, "room", a);
    auto two = subscribe(far, "room", b);
    threads.enter(far, [&] { one.reset(); });
    publish(0, "room", message(1));
    threads.run();
    EXPECT_EQ(b.got, seqs{1});
    threads.enter(far, [&] { two.reset(); });
    publish(0, "room", message(2));
    threads.run();
    EXPECT_EQ(b.got, seqs{1});
    one = subscribe(far, "room", a);
    publish(0, "room", message(3));
    threads.run();
    EXPECT_EQ(a.got, seqs{3});
}

TEST_P(hub_over_shards, leaves_the_sender_out_on_whatever_shard_it_is) {
    listener sender, other;
    const auto one = subscribe(last_shard(), "room", sender);
    const auto two = subscribe(last_shard(), "room", other);
    publish(0, "room", message(1), &sender);
    threads.run();
    EXPECT_TRUE(sender.got.empty());
    EXPECT_EQ(other.got, seqs{1});
}

TEST_P(hub_over_shards, a_subscriber_that_left_before_its_shards_turn_gets_nothing) {
    listener a;
    auto place = subscribe(last_shard(), "room", a);
    publish((last_shard() + 1) % threads.count(), "room", message(1));
    const bool delivered_at_once = !a.got.empty();
    threads.enter(last_shard(), [&] { place.reset(); });
    threads.run();
    EXPECT_EQ(a.got.size(), delivered_at_once ? 1u : 0u);
}

TEST_P(hub_over_shards, a_held_subscription_holds_on_every_shard) {
    listener a;
    const auto place = subscribe(last_shard(), "room", a);
    threads.enter(last_shard(), [&] { place->hold(); });
    for (std::uint64_t n = 1; n <= 5; ++n) publish(0, "room", message(n));
    threads.run();
    EXPECT_TRUE(a.got.empty());
    threads.enter(last_shard(), [&] { place->release(3); });
    EXPECT_EQ(a.got, (seqs{4, 5}));
}

TEST_P(hub_over_shards, rooms_are_independent) {
    std::vector<listener> everyone(50);
    std::vector<std::unique_ptr<subscription>> places;
    for (std::size_t i = 0; i < everyone.size(); ++i)
        places.push_back(
            subscribe(static_cast<shard_id>(i) % threads.count(), "room " + std::to_string(i), everyone[i]));
    for (std::size_t i = 0; i < everyone.size(); ++i) publish(0, "room " + std::to_string(i), message(i + 1));
    threads.run();
    for (std::size_t i = 0; i < everyone.size(); ++i) EXPECT_EQ(everyone[i].got, seqs{i + 1});
}

TEST_P(hub_over_shards, tells_whom_a_topic_would_reach) {
    listener a, b;
    const auto one = subscribe(0, "room", a);
    const auto two = subscribe(last_shard(), "room", b);
    std::vector<shard_id> where;
    rooms.interested("room", where);
    EXPECT_EQ(where.size(), threads.count() == 1 ? 1u : 2u);
    std::vector<subscriber*> found;
    for (shard_id i = 0; i < threads.count(); ++i)
        threads.enter(i, [&] { rooms.here().collect("room", found); });
    EXPECT_EQ(found.size(), 2u);
    found.clear();
    threads.enter(0, [&] { rooms.here().collect("another", found); });
    EXPECT_TRUE(found.empty());
}

TEST_P(hub_over_shards, a_subscription_on_its_way_counts_until_it_has_arrived) {
    const auto interested = [&] {
        std::vector<shard_id> where;
        rooms.interested("room", where);
        return where;
    };
    if (threads.count() == 1) {
        EXPECT_EQ(interested(), std::vector<shard_id>{0}) << "a single shard is always meant";
        return;
    }
    rooms.expect("room", 1);
    rooms.expect("room", 1);
    EXPECT_EQ(interested(), std::vector<shard_id>{1});
    rooms.arrived("room", 1);
    EXPECT_EQ(interested(), std::vector<shard_id>{1}) << "another one is still to come";
    listener a;
    auto place = subscribe(1, "room", a);
    rooms.arrived("room", 1);
    EXPECT_EQ(interested(), std::vector<shard_id>{1});
    threads.enter(1, [&] { place.reset(); });
    EXPECT_TRUE(interested().empty());
    rooms.expect("room", 1);
    rooms.arrived("room", 1);  // it never came: its socket had ended
    EXPECT_TRUE(interested().empty());
}

// Shards whose threads the test runs itself; each empties its queue when it likes.
struct one_thread_each final : base::shards {
    explicit one_thread_each(shard_id n) : queues(n) {}
    shard_id count() const noexcept override { return static_cast<shard_id>(queues.size()); }
    shard_id current() const noexcept override { return here; }
    void post(shard_id where, task what) override {
        const std::lock_guard guard(lock);
        queues[where].push_back(std::move(what));
    }
    void after(base::milliseconds, task) override {}
    void run_queue() {
        std::vector<task> now;
        {
            const std::lock_guard guard(lock);
            now.swap(queues[here]);
        }
        for (const auto& each : now) each();
    }
    std::mutex lock;
    std::vector<std::vector<task>> queues;
    static thread_local shard_id here;
};
thread_local shard_id one_thread_each::here = base::no_shard;

// Real threads, for the sanitizers: subscribers come and go on three shards while all of them publish.
TEST(hub_on_threads, subscribing_and_publishing_at_the_same_time_is_safe) {
    one_thread_each threads(3);
    hub rooms(threads);
    std::vector<std::thread> running;
    for (shard_id i = 0; i < 3; ++i) {
        running.emplace_back([&, i] {
            threads.here = i;
            listener a;
            for (std::uint64_t n = 1; n <= 2'000; ++n) {
                const auto one = rooms.subscribe("room", a);
                const auto two = rooms.subscribe("room " + std::to_string(n % 5), a);
                rooms.publish("room", message(n));
                threads.run_queue();
            }
        });
    }
    for (auto& each : running) each.join();
    for (int round = 0; round < 3;
         ++round) {  // what no thread was left to run: first publishes, then deliveries
        for (shard_id i = 0; i < 3; ++i) {
            threads.here = i;
            threads.run_queue();
        }
    }
    EXPECT_EQ(rooms.counters().published, 6'000u);
    EXPECT_GT(rooms.counters().delivered, 0u);
}

}  // namespace
}  // namespace chatterlink::hub
