// What a Python object holds of the C++ side: one app, server or client, and the process it belongs to.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <memory>

#include "base/error.hpp"

namespace chatterlink::bindings {

/// Owns a T (apps::chat_app, line_server, line_client) whose destructor joins threads.
/// Destroyed with the GIL released, so that Python's other threads run on meanwhile. After a fork the T's
/// threads exist in the parent only, and joining them would wait for ever: a child never destroys its copy.
template <class T>
class owned {
  public:
    template <class Options>
    explicit owned(Options options) : core_(std::make_unique<T>(std::move(options))) {}

    owned(const owned&) = delete;
    owned& operator=(const owned&) = delete;

    ~owned() {
        if (is_ours()) {
            const pybind11::gil_scoped_release released;
            core_.reset();
        } else {
            static_cast<void>(core_.release());
        }
    }

    /// False in a child process.
    bool is_ours() const noexcept { return ::getpid() == process_; }

    /// For everything that only looks.
    const T& look() const noexcept { return *core_; }

    /// For everything that does. Throws failure in a child process.
    T& use() {
        if (!is_ours()) {
            throw base::failure(
                base::fail(base::errc::internal, "this object belongs to the process that made it"));
        }
        return *core_;
    }

  private:
    std::unique_ptr<T> core_;
    pid_t process_ = ::getpid();
};

}  // namespace chatterlink::bindings
