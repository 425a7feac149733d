// Python's threads that wait in C++ without the interpreter's lock.
//
// While the interpreter ends, a thread that wants the lock back is ended where it stands (before
// Python 3.14): in the middle of C++ that ends the process with an error. So whoever stops a server waits
// until its threads are all back.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace chatterlink::bindings {

class outside {
  public:
    /// As long as it lives the calling thread is outside, without the interpreter's lock.
    class stay {
      public:
        explicit stay(outside& where) : where_(where) {
            {
                const std::lock_guard guard(where_.lock_);
                ++where_.count_;
            }
            state_ = PyEval_SaveThread();
        }
        ~stay() {
            PyEval_RestoreThread(state_);
            const std::lock_guard guard(where_.lock_);
            if (--where_.count_ == 0) where_.empty_.notify_all();
        }
        stay(const stay&) = delete;
        stay& operator=(const stay&) = delete;

      private:
        outside& where_;
        PyThreadState* state_ = nullptr;
    };

    /// Waits until nobody is outside; without the interpreter's lock. False if that took longer. Before, what
    /// makes threads go outside has been ended: who has seen it going on and is on its way has the lock until
    /// it is counted.
    bool wait_until_empty(std::chrono::milliseconds patience) {
        { const pybind11::gil_scoped_acquire nobody_is_on_the_way; }
        std::unique_lock guard(lock_);
        return empty_.wait_for(guard, patience, [this] { return count_ == 0; });
    }

  private:
    std::mutex lock_;
    std::condition_variable empty_;
    unsigned count_ = 0;
};

}  // namespace chatterlink::bindings
