#include "engineio/departed.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::engineio {
namespace {

using std::chrono::milliseconds;

const base::steady_time start{std::chrono::seconds(100)};

TEST(engineio_departed, owes_one_noop_to_each_session) {
    departed d;
    d.add("a", start);
    d.add("b", start);
    EXPECT_FALSE(d.take("c", start));
    EXPECT_TRUE(d.take("b", start));
    EXPECT_FALSE(d.take("b", start));
    EXPECT_TRUE(d.take("a", start));
    EXPECT_EQ(d.size(), 0U);
}

TEST(engineio_departed, forgets_after_a_moment) {
    departed d;
    d.add("a", start);
    d.add("b", start + milliseconds(1));
    EXPECT_FALSE(d.take("a", start + departed::remembered));
    EXPECT_EQ(d.size(), 1U);
    EXPECT_TRUE(d.take("b", start + departed::remembered));
}

TEST(engineio_departed, holds_no_more_than_the_last_few) {
    departed d;
    for (std::size_t i = 0; i <= departed::most; ++i) d.add("s" + std::to_string(i), start);
    EXPECT_EQ(d.size(), departed::most);
    EXPECT_FALSE(d.take("s0", start));
    EXPECT_TRUE(d.take("s1", start));
    EXPECT_TRUE(d.take("s" + std::to_string(departed::most), start));
}

}  // namespace
}  // namespace chatterlink::engineio
