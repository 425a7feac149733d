#include "load/process_stats.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

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

// Of any process of the machine: it may end between the opening of its file and the reading.
TEST(process_stats, does_not_mind_processes_that_end_while_it_looks) {
    std::array<pid_t, 4> busy{};
    for (auto& each : busy) {
        each = ::fork();
        if (each == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when this test fails
        while (each == 0) {
            const pid_t brief = ::fork();
            if (brief == 0) ::_exit(0);
            ::waitpid(brief, nullptr, 0);
        }
    }
    process_stats self(::getpid());
    const auto end = own_cpu() + one_second / 2;
    while (own_cpu() < end) self.refresh();
    for (const auto each : busy) {
        ::kill(each, SIGKILL);
        ::waitpid(each, nullptr, 0);
    }
    self.refresh();
    EXPECT_EQ(self.processes(), 1U);
}

}  // namespace
}  // namespace chatterlink::load
