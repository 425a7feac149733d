#include "gateways/arriving_uploads.hpp"

#include <gtest/gtest.h>

namespace chatterlink::gateways {
namespace {

constexpr arriving_bounds small{.all = 100, .from_one = 60};

TEST(arriving_uploads, so_many_bytes_from_one_and_from_all) {
    arriving_uploads a(small);
    const auto first = a.expect("x", 50);
    EXPECT_TRUE(a.has_room("x", 10));
    EXPECT_FALSE(a.has_room("x", 11));
    EXPECT_TRUE(a.has_room("y", 50));
    EXPECT_FALSE(a.has_room("y", 51)) << "101 in all";
}

TEST(arriving_uploads, one_alone_may_have_more) {
    arriving_uploads a(small);
    EXPECT_TRUE(a.has_room("x", 1000));
    const auto large = a.expect("x", 1000);
    EXPECT_FALSE(a.has_room("x", 1));
    EXPECT_FALSE(a.has_room("y", 1));
}

TEST(arriving_uploads, what_has_come_or_broken_off_makes_room) {
    arriving_uploads a(small);
    auto first = a.expect("x", 60);
    auto second = a.expect("x", 40);
    EXPECT_FALSE(a.has_room("y", 1));
    first.reset();
    EXPECT_TRUE(a.has_room("x", 20));
    second.reset();
    EXPECT_TRUE(a.has_room("x", 1000)) << "alone again";
}

}  // namespace
}  // namespace chatterlink::gateways
