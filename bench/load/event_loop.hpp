// epoll, one thread: hands bytes to connections and wakes up at a time, to the nanosecond that the kernel
// gives.
#pragma once

#include <cstddef>
#include <vector>

#include "load/clock.hpp"

namespace chatterlink::load {

/// What waits for a descriptor.
class watcher {
  public:
    virtual ~watcher() = default;
    /// `events` are epoll's. May close itself and others; may be called once more after it was closed.
    virtual void on_events(unsigned events) = 0;
};

class event_loop {
  public:
    /// Throws could_not_run when the system gives no epoll.
    event_loop();
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    void watch(int fd, watcher& w, bool also_writable);
    void change(int fd, watcher& w, bool also_writable);
    // Closing a descriptor ends its watch.

    /// Waits for events, but not beyond `until`, and handles them. In the past: only what is there already.
    void turn(nanoseconds until);

    /// Where everybody reads into, one after the other: most of what arrives is parsed there and is never
    /// copied.
    std::vector<char>& read_buffer() noexcept { return buffer_; }

  private:
    void arm(nanoseconds until);

    int epoll_ = -1;
    int timer_ = -1;
    nanoseconds armed_ = 0;  // for when the timer is set; 0: it is not
    std::vector<char> buffer_;
};

}  // namespace chatterlink::load
