#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using base::milliseconds;
using base::steady_time;

constexpr steady_time start{1h};
constexpr milliseconds tick = timer_wheel::tick;
constexpr milliseconds turn = tick * timer_wheel::slots;

// A timer that calls a function.
struct alarm {
    explicit alarm(std::function<void()> f) : what(std::move(f)) {}
    std::function<void()> what;
    timer clock{[](void* self) { static_cast<alarm*>(self)->what(); }, this};
};

// A wheel with its own time, moved on from due moment to due moment as net::shard does it.
struct clockwork {
    steady_time now = start;
    timer_wheel wheel{start};
    int wake_ups = 0;

    void start_in(alarm& a, milliseconds delay) { wheel.start(a.clock, now, delay); }
    void run_for(milliseconds time) {
        const auto until = now + time;
        for (auto due = wheel.next_due(); due && *due <= until; due = wheel.next_due()) {
            ASSERT_GT(*due, now) << "next_due does not move on";
            now = *due;
            wheel.advance(now);
            ++wake_ups;
        }
        now = until;
        wheel.advance(now);
    }
};

TEST(timer_wheel, fires_never_early_and_at_most_a_tick_late) {
    for (const auto delay :
         {0ms, 1ms, 9ms, 10ms, 11ms, 25ms, 999ms, 40'950ms, 40'960ms, 41'000ms, 90'000ms}) {
        clockwork c;
        c.now += 7ms;  // not on a tick
        steady_time fired{};
        alarm a([&] { fired = c.now; });
        const auto started = c.now;
        c.start_in(a, delay);
        c.run_for(2min);
        EXPECT_GE(fired, started + delay) << delay.count();
        EXPECT_LE(fired, started + delay + tick) << delay.count();
    }
}

TEST(timer_wheel, a_negative_delay_counts_as_none) {
    clockwork c;
    int fired = 0;
    alarm a([&] { ++fired; });
    c.start_in(a, -1h);
    c.wheel.advance(c.now);
    EXPECT_EQ(fired, 0);
    c.run_for(tick);
    EXPECT_EQ(fired, 1);
}

TEST(timer_wheel, fires_in_the_order_of_due_times) {
    clockwork c;
    std::string order;
    alarm late([&] { order += "late "; });
    alarm early([&] { order += "early "; });
    alarm first([&] { order += "first "; });
    c.start_in(late, 300ms);
    c.start_in(early, 100ms);
    c.start_in(first, 20ms);
    c.wheel.advance(c.now + 1s);  // all at once
    EXPECT_EQ(order, "first early late ");
}

TEST(timer_wheel, fires_timers_of_one_tick_in_the_order_they_were_started) {
    clockwork c;
    std::vector<int> order;
    std::vector<std::unique_ptr<alarm>> alarms;
    for (int i = 0; i < 10; ++i) {
        alarms.push_back(std::make_unique<alarm>([&order, i] { order.push_back(i); }));
        c.start_in(*alarms.back(), 50ms);
    }
    c.run_for(1s);
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(timer_wheel, fires_once_for_each_start) {
    clockwork c;
    int fired = 0;
    alarm a([&] { ++fired; });
    c.start_in(a, 10ms);
    EXPECT_TRUE(a.clock.pending());
    c.run_for(1s);
    EXPECT_FALSE(a.clock.pending());
    c.run_for(turn * 2);
    EXPECT_EQ(fired, 1);
}

TEST(timer_wheel, a_cancelled_or_destroyed_timer_does_not_fire) {
    clockwork c;
    int fired = 0;
    alarm a([&] { ++fired; });
    c.start_in(a, 10ms);
    a.clock.cancel();
    EXPECT_FALSE(a.clock.pending());
    a.clock.cancel();  // again: nothing happens
    {
        alarm gone([&] { ++fired; });
        c.start_in(gone, 10ms);
    }
    c.run_for(1s);
    EXPECT_EQ(fired, 0);
}

TEST(timer_wheel, starting_again_moves_a_timer) {
    clockwork c;
    std::vector<steady_time> fired;
    alarm a([&] { fired.push_back(c.now); });
    c.start_in(a, 100ms);
    c.run_for(50ms);
    c.start_in(a, 500ms);
    c.run_for(10s);
    ASSERT_EQ(fired.size(), 1u);
    EXPECT_GE(fired[0], start + 550ms);
}

TEST(timer_wheel, a_callback_may_start_its_timer_again) {
    clockwork c;
    int fired = 0;
    std::function<void()> again;
    alarm a([&] {
        ++fired;
        again();
    });
    again = [&] { c.start_in(a, 100ms); };
    again();
    c.run_for(1'150ms);
    EXPECT_EQ(fired, 10);  // each time 100 ms and up to a tick
}

TEST(timer_wheel, a_timer_started_without_delay_in_a_callback_waits_for_the_next_advance) {
    clockwork c;
    int fired = 0;
    alarm a([&] {
        ++fired;
        c.start_in(a, 0ms);
    });
    c.start_in(a, 0ms);
    c.now += 5s;
    c.wheel.advance(c.now);
    EXPECT_EQ(fired, 1);
    c.now += tick;
    c.wheel.advance(c.now);
    EXPECT_EQ(fired, 2);
}

TEST(timer_wheel, a_callback_may_cancel_or_destroy_others_that_are_due_with_it) {
    clockwork c;
    int fired = 0;
    auto gone = std::make_unique<alarm>([&] { ++fired; });
    alarm cancelled([&] { ++fired; });
    alarm first([&] {
        gone.reset();
        cancelled.clock.cancel();
    });
    c.start_in(first, 50ms);
    c.start_in(*gone, 50ms);
    c.start_in(cancelled, 50ms);
    c.run_for(1s);
    EXPECT_EQ(fired, 0);
}

TEST(timer_wheel, a_callback_that_throws_costs_the_others_nothing) {
    clockwork c;
    int fired = 0;
    alarm broken([] { throw std::runtime_error("a handler's mistake"); });
    alarm same_tick([&] { ++fired; });
    alarm later([&] { ++fired; });
    c.start_in(broken, 50ms);
    c.start_in(same_tick, 50ms);
    c.start_in(later, 90ms);
    EXPECT_THROW(c.run_for(1s), std::runtime_error);
    c.run_for(1s);
    EXPECT_EQ(fired, 2);
}

TEST(timer_wheel, a_timer_several_turns_away_waits_for_its_turn) {
    clockwork c;
    steady_time fired{};
    alarm far([&] { fired = c.now; });
    c.start_in(far, turn * 5 + 123ms);
    c.run_for(turn * 10);
    EXPECT_GE(fired, start + turn * 5 + 123ms);
    EXPECT_LE(fired, start + turn * 5 + 123ms + tick);
    EXPECT_LE(c.wake_ups, 7);  // one needless wake-up each turn
}

TEST(timer_wheel, after_a_long_sleep_everything_due_fires_once) {
    clockwork c;
    int fired = 0;
    std::vector<std::unique_ptr<alarm>> alarms;
    for (const auto delay : {0ms, 10ms, 5'000ms, 40'960ms, 41'000ms, 100'000ms, 300'000ms}) {
        alarms.push_back(std::make_unique<alarm>([&] { ++fired; }));
        c.start_in(*alarms.back(), delay);
    }
    alarm tomorrow([&] { fired += 1000; });
    c.start_in(tomorrow, 24h);
    c.now += 10min;  // a laptop that was closed
    c.wheel.advance(c.now);
    EXPECT_EQ(fired, 7);
    c.run_for(24h);
    EXPECT_EQ(fired, 1007);
}

TEST(timer_wheel, says_when_it_is_needed_next) {
    clockwork c;
    EXPECT_FALSE(c.wheel.next_due().has_value());
    alarm a([] {});
    alarm b([] {});
    c.start_in(a, 5s);
    c.start_in(b, 100ms);
    const auto due = c.wheel.next_due();
    ASSERT_TRUE(due.has_value());
    EXPECT_GE(*due, start + 100ms);
    EXPECT_LE(*due, start + 100ms + tick);
    c.run_for(10s);
    EXPECT_FALSE(c.wheel.next_due().has_value());
}

TEST(timer_wheel, a_time_that_goes_backwards_changes_nothing) {
    clockwork c;
    int fired = 0;
    alarm a([&] { ++fired; });
    c.start_in(a, 100ms);
    c.wheel.advance(start - 1h);
    EXPECT_EQ(fired, 0);
    c.run_for(200ms);
    EXPECT_EQ(fired, 1);
}

TEST(timer_wheel, ten_thousand_random_timers_each_fire_on_time) {
    clockwork c;
    std::mt19937 random(7);
    int fired = 0;
    std::vector<std::unique_ptr<alarm>> alarms;
    for (int i = 0; i < 10'000; ++i) {
        const milliseconds delay(random() % 200'000);
        alarms.push_back(std::make_unique<alarm>([&, due = start + delay] {
            ++fired;
            EXPECT_GE(c.now, due);
            EXPECT_LE(c.now, due + tick);
        }));
        c.start_in(*alarms.back(), delay);
    }
    c.run_for(201s);
    EXPECT_EQ(fired, 10'000);
}

TEST(timer_wheel, timers_may_outlive_the_wheel) {
    alarm a([] {});
    {
        timer_wheel wheel(start);
        wheel.start(a.clock, start, 1s);
    }
    EXPECT_FALSE(a.clock.pending());
}

}  // namespace
}  // namespace chatterlink::net
