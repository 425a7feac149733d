#include "base/shards.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/manual_shards.hpp"

namespace chatterlink::base {
namespace {

TEST(shards, a_name_has_one_home_within_range_and_names_spread_over_all) {
    test::manual_shards threads(3);
    std::set<shard_id> homes;
    for (int i = 0; i < 100; ++i) {
        const std::string name = "room " + std::to_string(i);
        const auto home = threads.home_of(name);
        EXPECT_LT(home, 3u);
        EXPECT_EQ(home, threads.home_of(std::string(name)));
        homes.insert(home);
    }
    EXPECT_EQ(homes.size(), 3u);
}

TEST(shards, with_one_shard_everything_lives_there) {
    EXPECT_EQ(test::manual_shards(1).home_of("anything"), 0u);
}

TEST(shards, run_on_calls_at_once_here_and_posts_elsewhere) {
    test::manual_shards threads(2);
    std::string order;
    threads.enter(0, [&] {
        threads.run_on(1, [&] { order += "there "; });
        threads.run_on(0, [&] { order += "here "; });
    });
    EXPECT_EQ(order, "here ");
    threads.run();
    EXPECT_EQ(order, "here there ");
}

}  // namespace
}  // namespace chatterlink::base
