#include "load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace chatterlink::load {
namespace {

TEST(histogram, of_nothing_is_zero) {
    const histogram h;
    EXPECT_EQ(h.count(), 0U);
    EXPECT_EQ(h.max(), 0U);
    EXPECT_EQ(h.quantile(0.5), 0U);
}

TEST(histogram, keeps_small_values_exactly) {
    histogram h;
    for (int v = 0; v <= 200; ++v) h.record(v);
    EXPECT_EQ(h.quantile(0), 0U);
    EXPECT_EQ(h.quantile(0.5), 100U);
    EXPECT_EQ(h.quantile(1), 200U);
    EXPECT_EQ(h.count(), 201U);
}

TEST(histogram, is_within_one_part_in_128_of_the_sorted_values) {
    std::mt19937_64 random(11);
    std::lognormal_distribution<double> latency(13, 2.5);  // from microseconds to minutes
    histogram h;
    std::vector<double> all;
    for (int i = 0; i < 20'000; ++i) {
        const auto value = std::min(static_cast<std::int64_t>(latency(random)), std::int64_t{1} << 39U);
        h.record(value);
        all.push_back(static_cast<double>(value));
    }
    std::sort(all.begin(), all.end());
    for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all.size()))) - 1;
        const auto found = static_cast<double>(h.quantile(share));
        EXPECT_GE(found, all[rank]);
        EXPECT_LE(found, all[rank] * (1 + 1.0 / 128) + 1);
    }
    EXPECT_EQ(static_cast<double>(h.max()), all.back());
}

TEST(histogram, takes_what_is_out_of_range_for_the_nearest_value_but_knows_the_maximum) {
    histogram h;
    h.record(-5);
    EXPECT_EQ(h.quantile(1), 0U);
    h.record(std::int64_t{1} << 50U);
    EXPECT_EQ(h.max(), std::uint64_t{1} << 50U);
    EXPECT_EQ(h.quantile(1), (std::uint64_t{1} << 40U) - 1);
}

TEST(histogram, gives_each_power_of_two_a_bucket_that_holds_it) {
    for (unsigned bit = 0; bit < 40; ++bit) {
        for (const int off : {-1, 0, 1}) {
            const auto value = static_cast<std::int64_t>(1ULL << bit) + off;
            histogram h;
            h.record(value);
            h.record(std::int64_t{1} << 41U);  // so that the maximum does not round the answer down
            const auto found = static_cast<std::int64_t>(h.quantile(0.5));
            EXPECT_GE(found, std::max<std::int64_t>(value, 0)) << bit;
            EXPECT_LE(found, value + value / 128 + 1) << bit;
        }
    }
}

}  // namespace
}  // namespace chatterlink::load
