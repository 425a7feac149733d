#include "load/schedule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace chatterlink::load {
namespace {

TEST(schedule, spaces_messages_evenly_and_lets_senders_take_turns) {
    schedule s(1000, 4, 3);
    for (const std::uint32_t sender : {0U, 1U, 2U, 0U}) {
        EXPECT_EQ(s.sender(), sender);
        s.advance();
    }
    EXPECT_EQ(s.due(), 1000 + one_second);
}

TEST(schedule, does_not_drift_at_a_rate_that_does_not_divide_a_second) {
    schedule s(0, 7, 1);
    for (int i = 0; i < 7'000'000; ++i) s.advance();
    EXPECT_LE(std::abs(s.due() - 1'000'000 * one_second), 1);
}

TEST(schedule, has_as_many_messages_in_a_second_as_its_rate) {
    for (const double rate : {0.5, 1.0, 50.0, 333.0, 100'000.0}) {
        schedule s(500, rate, 1);
        int count = 0;
        for (; s.due() < 500 + 10 * one_second; s.advance()) ++count;
        EXPECT_EQ(count, static_cast<int>(10 * rate));
    }
}

}  // namespace
}  // namespace chatterlink::load
