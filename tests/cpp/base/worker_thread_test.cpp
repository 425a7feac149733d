#include "base/worker_thread.hpp"

#include <gtest/gtest.h>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>

#include <array>
#include <string>
#include <thread>

namespace chatterlink::base {
namespace {

struct seen {
    int policy = -1;
    std::string name;
};

// A thread that has some policy at first.
seen after_beginning_with(int policy) {
    seen result;
    std::thread([&] {
        const sched_param none{};
        ASSERT_EQ(pthread_setschedparam(pthread_self(), policy, &none), 0);
        become_worker("test-worker");
        sched_param parameters{};
        EXPECT_EQ(pthread_getschedparam(pthread_self(), &result.policy, &parameters), 0);
        std::array<char, 16> name{};
        EXPECT_EQ(pthread_getname_np(pthread_self(), name.data(), name.size()), 0);
        result.name = name.data();
    }).join();
    return result;
}

TEST(worker_thread, has_a_name_and_pushes_nobody_aside) {
    const auto worker = after_beginning_with(SCHED_OTHER);
    EXPECT_EQ(worker.policy, SCHED_BATCH);
    EXPECT_EQ(worker.name, "test-worker");
}

TEST(worker_thread, keeps_a_policy_that_somebody_chose) {
    EXPECT_EQ(after_beginning_with(SCHED_IDLE).policy, SCHED_IDLE);
}

}  // namespace
}  // namespace chatterlink::base
#endif
