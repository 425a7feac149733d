#include "store/work_queue.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace chatterlink::store {
namespace {

using queue = work_queue<int>;
using std::chrono::milliseconds;

constexpr gather_rule rule{8, 40, 4, milliseconds(3)};

// A queue that gets so many jobs in each pause, numbered in their order behind those of the batch.
struct gathering {
    explicit gathering(int first, std::vector<int> in_each_pause) : batch(static_cast<std::size_t>(first)) {
        std::iota(batch.begin(), batch.end(), 0);
        int next = first;
        jobs.gather(batch, rule, [&](milliseconds pause) {
            EXPECT_EQ(pause, rule.pause);
            ASSERT_LT(pauses, in_each_pause.size());
            for (int n = in_each_pause[pauses++]; n > 0; --n, ++next) {
                int job = next;
                ASSERT_EQ(jobs.put(job, 1), queue::outcome::taken);
            }
        });
        for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i], static_cast<int>(i));
    }

    queue jobs{1'000, 1'000};
    std::vector<int> batch;
    std::size_t pauses = 0;
};

TEST(work_queue, few_jobs_do_not_wait_for_more) {
    const gathering few(7, {});
    EXPECT_EQ(few.pauses, 0U);
}

TEST(work_queue, very_many_jobs_do_not_wait_either) {
    const gathering many(41, {});
    EXPECT_EQ(many.pauses, 0U);
}

TEST(work_queue, many_jobs_wait_while_a_quarter_more_comes_in_each_pause) {
    const gathering rush(8, {2, 3, 2});
    EXPECT_EQ(rush.pauses, 3U);
    EXPECT_EQ(rush.batch.size(), 15U) << "also what came in the last pause is in it";
}

TEST(work_queue, the_wait_has_an_end) {
    const gathering long_rush(8, {4, 4, 8, 8});
    EXPECT_EQ(long_rush.pauses, 4U);
    EXPECT_EQ(long_rush.batch.size(), 32U);
}

TEST(work_queue, the_wait_ends_when_the_batch_is_large) {
    const gathering large(8, {33});
    EXPECT_EQ(large.pauses, 1U);
    EXPECT_EQ(large.batch.size(), 41U);
}

TEST(work_queue, what_was_gathered_takes_no_room_in_the_queue) {
    gathering before(8, {1});
    for (int n = 0; n < 1'000; ++n) {
        int job = n;
        EXPECT_EQ(before.jobs.put(job, 1), queue::outcome::taken);
    }
    int beyond = 0;
    EXPECT_EQ(before.jobs.put(beyond, 1), queue::outcome::full);
}

}  // namespace
}  // namespace chatterlink::store
