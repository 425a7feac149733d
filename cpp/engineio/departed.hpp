// Sessions that their clients have just closed by a POST while no poll was waiting.
//
// A client that polls and closes at the same time does so on two connections, and which of them is read first
// is chance. A poll that comes second ends as one that was waiting would have: with a noop, not an error.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace chatterlink::engineio {

/// Knows the last few of them for a moment. No thread of its own, no sockets: one shard.
class departed {
  public:
    static constexpr base::milliseconds remembered{100};
    static constexpr std::size_t most = 64;  // the oldest is forgotten first

    void add(std::string sid, base::steady_time now);

    /// Whether a poll that names `sid` is owed its noop: once for each session.
    bool take(std::string_view sid, base::steady_time now);

    std::size_t size() const noexcept { return last_.size(); }

  private:
    struct session {
        std::string sid;
        base::steady_time until;
    };
    void drop_old(base::steady_time now);

    std::deque<session> last_;
};

}  // namespace chatterlink::engineio
