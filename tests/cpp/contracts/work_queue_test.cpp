#include "store/work_queue.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace chatterlink::store {
namespace {

using queue = work_queue<int>;
using std::chrono::milliseconds;

queue::outcome put(queue& jobs, int job, std::size_t bytes = 1) {
    return jobs.put(job, bytes);
}

TEST(work_queue, gives_all_that_waits_at_once_in_order) {
    queue jobs(1'000, 1'000);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(put(jobs, i), queue::outcome::taken);
    std::vector<int> batch;
    ASSERT_EQ(jobs.take(batch), queue::wake::jobs);
    std::vector<int> all(100);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(batch, all);
    batch.clear();
    EXPECT_EQ(jobs.take(batch, milliseconds(1)), queue::wake::timeout);
}

TEST(work_queue, is_full_by_number_and_by_bytes_until_something_is_taken) {
    queue jobs(3, 10);
    EXPECT_EQ(put(jobs, 1, 8), queue::outcome::taken);
    EXPECT_EQ(put(jobs, 2, 3), queue::outcome::full) << "11 bytes";
    EXPECT_EQ(put(jobs, 3, 1), queue::outcome::taken);
    EXPECT_TRUE(jobs.takes());
    EXPECT_EQ(put(jobs, 4, 1), queue::outcome::taken);
    EXPECT_FALSE(jobs.takes());
    EXPECT_EQ(put(jobs, 5, 0), queue::outcome::full) << "4 jobs";
    std::vector<int> batch;
    ASSERT_EQ(jobs.take(batch), queue::wake::jobs);
    EXPECT_EQ(batch, (std::vector{1, 3, 4}));
    EXPECT_TRUE(jobs.takes());
    EXPECT_EQ(put(jobs, 6, 10), queue::outcome::taken);
}

TEST(work_queue, once_closed_it_takes_nothing_and_gives_what_is_left) {
    queue jobs(10, 10);
    EXPECT_EQ(put(jobs, 1), queue::outcome::taken);
    jobs.close();
    EXPECT_FALSE(jobs.takes());
    EXPECT_EQ(put(jobs, 2), queue::outcome::closed);
    std::vector<int> batch;
    EXPECT_EQ(jobs.take(batch), queue::wake::jobs);
    EXPECT_EQ(batch, std::vector{1});
    batch.clear();
    EXPECT_EQ(jobs.take(batch), queue::wake::closed);
}

}  // namespace
}  // namespace chatterlink::store
