#include "load/sequence_checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace chatterlink::load {
namespace {

using enum arrival;
using arrivals = std::vector<arrival>;

arrivals of(sequence_checker& checker, const std::vector<std::uint32_t>& seqs, std::size_t stream = 0) {
    arrivals found;
    for (const auto seq : seqs) found.push_back(checker.arrived(stream, seq));
    return found;
}

TEST(sequence_checker, is_content_with_order) {
    sequence_checker checker(1);
    EXPECT_EQ(of(checker, {1, 2, 3}), (arrivals{in_order, in_order, in_order}));
}

TEST(sequence_checker, tells_a_late_message_from_a_duplicate) {
    sequence_checker checker(1);
    EXPECT_EQ(of(checker, {1, 4, 2, 2, 1, 4, 5, 3, 3}),
              (arrivals{in_order, ahead, late, duplicate, duplicate, duplicate, in_order, late, duplicate}));
}

TEST(sequence_checker, fills_a_gap_from_its_middle_and_its_ends) {
    sequence_checker checker(1);
    EXPECT_EQ(of(checker, {10, 5, 5, 1, 9, 4, 6}),
              (arrivals{ahead, late, duplicate, late, late, late, late}));
    EXPECT_EQ(of(checker, {2, 3, 7, 8, 11}), (arrivals{late, late, late, late, in_order}));
    EXPECT_EQ(of(checker, {2, 3, 7, 8, 11}), arrivals(5, duplicate));
}

TEST(sequence_checker, keeps_streams_apart) {
    sequence_checker checker(3);
    EXPECT_EQ(of(checker, {1, 2}, 0), arrivals(2, in_order));
    EXPECT_EQ(of(checker, {1, 3}, 2), (arrivals{in_order, ahead}));
    EXPECT_EQ(of(checker, {1}, 1), arrivals{in_order});
    EXPECT_EQ(of(checker, {2}, 2), arrivals{late});
}

TEST(sequence_checker, counts_each_message_once_whatever_the_order) {
    std::mt19937 random(4);
    std::vector<std::uint32_t> seqs(500);
    std::iota(seqs.begin(), seqs.end(), 1);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::uint32_t> twice(seqs);
        twice.insert(twice.end(), seqs.begin(), seqs.end());
        std::shuffle(twice.begin(), twice.end(), random);
        sequence_checker checker(1);
        const auto found = of(checker, twice);
        EXPECT_EQ(std::count(found.begin(), found.end(), duplicate), 500);
    }
}

TEST(sequence_checker, forgets_the_oldest_gaps_when_there_are_too_many) {
    sequence_checker checker(1);
    for (std::uint32_t i = 1; i <= sequence_checker::max_gaps + 1; ++i)
        ASSERT_EQ(checker.arrived(0, 2 * i), ahead);
    EXPECT_EQ(of(checker, {1, 3}), (arrivals{duplicate, late}));
}

}  // namespace
}  // namespace chatterlink::load
