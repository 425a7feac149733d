#include "base/worker_thread.hpp"

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace chatterlink::base {

#ifdef __linux__

void become_worker(const char* name) noexcept {
    const pthread_t self = pthread_self();
    pthread_setname_np(self, name);
    int policy = 0;
    sched_param parameters{};
    if (pthread_getschedparam(self, &policy, &parameters) == 0 && policy == SCHED_OTHER)
        pthread_setschedparam(self, SCHED_BATCH, &parameters);
}

#else

void become_worker(const char*) noexcept {}

#endif

}  // namespace chatterlink::base
