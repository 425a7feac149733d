// What C++ gives to Python's pool (python/chatterlink/_dispatch.py): a dispatcher that Python may hold, and
// jobs that become arguments of a Python call.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <memory>

#include "bindings/dispatch.hpp"

namespace chatterlink::bindings {

/// An event on its way to a Python handler. Holds C++ values only: it may be destroyed without the
/// interpreter's lock.
class python_job : public job {
  public:
    /// The arguments of the pool's Python callable. On a thread of the pool, with the interpreter's lock.
    virtual pybind11::tuple arguments() = 0;
};

/// For shared_ptr: after a fork the threads that wait on it exist in the parent only, and taking it apart
/// would wait for them: a child leaves it alone.
struct leave_to_parent {
    pid_t process = ::getpid();
    template <class T>
    void operator()(T* p) const {
        if (::getpid() == process) delete p;
    }
};

/// chatterlink._core.Dispatcher: engines and Python's threads share it.
using dispatcher_ptr = std::shared_ptr<dispatcher>;

}  // namespace chatterlink::bindings
