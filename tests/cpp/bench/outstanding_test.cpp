#include "load/outstanding.hpp"

#include <gtest/gtest.h>

namespace chatterlink::load {
namespace {

TEST(outstanding, gives_each_time_once) {
    outstanding o;
    EXPECT_FALSE(o.take(1));
    o.add(1, 100);
    o.add(2, 200);
    EXPECT_EQ(o.take(2), 200);
    EXPECT_FALSE(o.take(2));
    EXPECT_EQ(o.take(1), 100);
    EXPECT_FALSE(o.take(0));
}

TEST(outstanding, holds_any_number_in_any_order) {
    outstanding o;
    for (std::uint32_t seq = 1; seq <= 1000; ++seq) o.add(seq, 10 * seq);
    for (std::uint32_t seq = 1000; seq >= 1; --seq) ASSERT_EQ(o.take(seq), 10 * seq);
}

TEST(outstanding, forgets_the_oldest_when_there_are_too_many) {
    outstanding o;
    const auto most = static_cast<std::uint32_t>(outstanding::most);
    for (std::uint32_t seq = 1; seq <= most + 1; ++seq) o.add(seq, seq);
    EXPECT_FALSE(o.take(1));
    EXPECT_EQ(o.take(2), 2);
    EXPECT_EQ(o.take(most + 1), most + 1);
}

}  // namespace
}  // namespace chatterlink::load
