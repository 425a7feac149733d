// Signals as something poll() can wait for. One object at a time; it puts back what was set before.
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>
#include <optional>

namespace chatterlink::apps {

/// While it lives: SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGTSTP are noted instead of acted upon (an ignored
/// SIGINT, SIGHUP or SIGTSTP stays ignored: nohup, shells without job control), and SIGPIPE is ignored.
class client_signals {
  public:
    client_signals();  // throws base::failure: io_failed (no descriptors left)
    ~client_signals();
    client_signals(const client_signals&) = delete;
    client_signals& operator=(const client_signals&) = delete;

    /// Readable while a signal waits.
    int fd() const noexcept { return ends_[0]; }
    /// The next signal that came; nothing when none waits.
    std::optional<int> next() noexcept;

    /// Stops this process as SIGTSTP does by itself; returns when it is continued.
    void suspend() noexcept;

  private:
    static constexpr std::array<int, 6> caught{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGPIPE};

    std::array<int, 2> ends_{-1, -1};
    std::array<struct sigaction, caught.size()> before_{};
};

}  // namespace chatterlink::apps
