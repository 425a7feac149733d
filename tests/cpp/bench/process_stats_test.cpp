#include "load/process_stats.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

// Uses the processor for a while, by its own clock.
void work(nanoseconds how_long) {
    const auto end = own_cpu() + how_long;
    while (own_cpu() < end) {
    }
}

TEST(process_stats, has_the_time_and_memory_of_a_process) {
    const process_stats self(::getpid());
    const auto before = self.cpu();
    const auto own = own_cpu();
    work(50 * one_millisecond);
    const auto used = own_cpu() - own;
    // To a tick, which is 10 ms at the most.
    EXPECT_NEAR(static_cast<double>(self.cpu() - before), static_cast<double>(used), 11e6);
    EXPECT_GT(self.rss_kib(), 500U);
}

TEST(process_stats, counts_children_and_forgets_those_that_ended) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (;;) ::pause();
    }
    process_stats family(::getpid());
    EXPECT_EQ(family.processes(), 2U);
    EXPECT_GT(family.rss_kib(), process_stats(child).rss_kib());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_GT(family.rss_kib(), 500U);
    family.refresh();
    EXPECT_EQ(family.processes(), 1U);
    EXPECT_THROW(process_stats{child}, could_not_run);
}

}  // namespace
}  // namespace chatterlink::load
