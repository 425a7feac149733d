#include "chat/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace chatterlink::chat {
namespace {

using namespace std::chrono_literals;
using base::milliseconds;
using base::steady_time;

constexpr steady_time noon{1h};

int taken_at_once(token_bucket& bucket, steady_time now, int tries) {
    int taken = 0;
    for (int i = 0; i < tries; ++i) taken += !bucket.take(now).has_value();
    return taken;
}

TEST(token_bucket, gives_its_burst_at_once_and_no_more) {
    token_bucket bucket({25, 150});
    EXPECT_EQ(taken_at_once(bucket, noon, 1000), 150);
}

TEST(token_bucket, gives_its_rate_in_the_long_run) {
    token_bucket bucket({25, 150});
    int taken = 0;
    for (auto now = noon; now < noon + 100s; now += 1ms) taken += !bucket.take(now).has_value();
    EXPECT_GE(taken, 150 + 100 * 25 - 1);
    EXPECT_LE(taken, 150 + 100 * 25);
}

TEST(token_bucket, says_how_long_until_it_would_allow_and_keeps_its_word) {
    token_bucket bucket({5, 2});  // one each 200 ms
    EXPECT_EQ(bucket.take(noon), std::nullopt);
    EXPECT_EQ(bucket.take(noon), std::nullopt);
    EXPECT_EQ(bucket.take(noon), milliseconds(200));
    EXPECT_EQ(bucket.take(noon + 150ms), milliseconds(50));
    EXPECT_EQ(bucket.take(noon + 199'500us), milliseconds(1)) << "rounded up, never 0";
    EXPECT_EQ(bucket.take(noon + 200ms), std::nullopt);
}

TEST(token_bucket, a_refusal_takes_nothing) {
    token_bucket bucket({1, 1});
    EXPECT_EQ(bucket.take(noon), std::nullopt);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.take(noon), milliseconds(1000));
    EXPECT_EQ(bucket.take(noon + 1s), std::nullopt);
}

TEST(token_bucket, a_long_pause_fills_it_to_the_burst_only) {
    token_bucket bucket({25, 150});
    EXPECT_EQ(taken_at_once(bucket, noon, 1000), 150);
    EXPECT_EQ(taken_at_once(bucket, noon + 24h, 1000), 150);
}

TEST(token_bucket, an_earlier_time_gains_nothing) {
    token_bucket bucket({1, 3});
    EXPECT_EQ(taken_at_once(bucket, noon, 10), 3);
    EXPECT_EQ(taken_at_once(bucket, noon - 1min, 10), 0);
}

TEST(token_bucket, absurd_limits_are_held_in_bounds) {
    for (const double rate : {0.0, -5.0, std::numeric_limits<double>::quiet_NaN(), 1e-300}) {
        token_bucket bucket({rate, 0});
        EXPECT_EQ(bucket.take(noon), std::nullopt) << rate;
        EXPECT_EQ(bucket.take(noon), milliseconds(1h)) << rate;
    }
    token_bucket fast({std::numeric_limits<double>::infinity(), 1});
    EXPECT_EQ(fast.take(noon), std::nullopt);
    EXPECT_EQ(fast.take(noon + 1ns), std::nullopt);
    token_bucket big({1e-9, std::numeric_limits<std::uint32_t>::max()});
    EXPECT_EQ(taken_at_once(big, noon, 2'000'000), 1'000'000);
}

TEST(keyed_rate_limiter, keys_do_not_share_a_bucket) {
    keyed_rate_limiter limiter({1, 2});
    EXPECT_EQ(limiter.take("192.0.2.1", noon), std::nullopt);
    EXPECT_EQ(limiter.take("192.0.2.1", noon), std::nullopt);
    EXPECT_EQ(limiter.take("192.0.2.1", noon), milliseconds(1000));
    EXPECT_EQ(limiter.take("192.0.2.2", noon), std::nullopt);
    EXPECT_EQ(limiter.size(), 2u);
}

TEST(keyed_rate_limiter, a_hundred_thousand_keys_stay_within_the_limit) {
    keyed_rate_limiter limiter({5, 60});
    for (int i = 0; i < 100'000; ++i) limiter.take(std::to_string(i), noon);
    EXPECT_LE(limiter.size(), keyed_rate_limiter::default_key_limit);
}

TEST(keyed_rate_limiter, full_buckets_are_forgotten_before_others) {
    keyed_rate_limiter limiter({1, 2}, 100);
    for (int i = 0; i < 50; ++i) limiter.take("old" + std::to_string(i), noon);
    for (int i = 0; i < 50; ++i) limiter.take("new" + std::to_string(i), noon + 1s);
    limiter.take("one more", noon + 1s);
    EXPECT_EQ(limiter.size(), 51u) << "the fifty that were full again are gone";
}

TEST(keyed_rate_limiter, who_floods_is_remembered_while_others_are_forgotten) {
    keyed_rate_limiter limiter({1, 5}, 100);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter.take("flooder", noon), std::nullopt);
    for (int i = 0; i < 1000; ++i) limiter.take(std::to_string(i), noon);
    EXPECT_LE(limiter.size(), 100u);
    EXPECT_EQ(limiter.take("flooder", noon), milliseconds(1000));
}

TEST(keyed_rate_limiter, a_limit_of_no_keys_is_one_key) {
    keyed_rate_limiter limiter({1, 1}, 0);
    EXPECT_EQ(limiter.take("a", noon), std::nullopt);
    EXPECT_EQ(limiter.take("a", noon), milliseconds(1000));
    EXPECT_EQ(limiter.take("b", noon), std::nullopt);
    EXPECT_EQ(limiter.size(), 1u);
}

TEST(keyed_rate_limiter, eight_threads_together_get_one_burst) {
    keyed_rate_limiter limiter({1, 1000});
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) taken += !limiter.take("same", noon).has_value();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken, 1000);
}

}  // namespace
}  // namespace chatterlink::chat
