// A flag that poll() can wait for: how one thread tells another, which waits for sockets or a terminal, to
// look.
#pragma once

#include <array>
#include <optional>

#include "base/clock.hpp"

namespace chatterlink::apps {

/// A pipe that holds at most a byte or so. Any thread may set; the one that waits clears.
class client_wake {
  public:
    client_wake();  // throws base::failure: io_failed (no descriptors left)
    ~client_wake();
    client_wake(const client_wake&) = delete;
    client_wake& operator=(const client_wake&) = delete;

    /// Readable from set() until clear().
    int fd() const noexcept { return ends_[0]; }
    /// Safe in a signal handler.
    void set() noexcept;
    void clear() noexcept;

  private:
    std::array<int, 2> ends_{-1, -1};
};

/// Makes a descriptor non-blocking and not inherited by programs that are started.
void make_private_and_nonblocking(int fd) noexcept;

/// Milliseconds for poll() to wait until then, without end for none: rounded up, so that a deadline has
/// passed when poll() times out.
int poll_timeout(std::optional<base::steady_time> until);

}  // namespace chatterlink::apps
