// The connections of one shard that have more waiting than they may, and some time to catch up.
//
// A burst reaches all members of a room at once, faster than any of them can read: the kernel takes what has
// room in the socket's buffer, and nobody is a slow reader because the rest waits. So the limit on what may
// wait (connection_limits::max_queue) holds for whoever is beyond it for longer than that time. Meanwhile the
// shard puts little more on top in each of its rounds, and offers the kernel what waits after those that did.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "net/timer_wheel.hpp"

namespace chatterlink::net {

class connection;
class shard;

/// On the shard's thread.
class catch_up_list {
  public:
    explicit catch_up_list(shard& home) : home_(home) {}

    bool empty() const noexcept { return list_.empty(); }

    void add(std::shared_ptr<connection> c, base::milliseconds time);
    void remove(const connection& c) noexcept;

    /// So many bytes more wait for one of them. True: those here have got `share` each, on average, in this
    /// round.
    bool added(std::size_t bytes, std::size_t share) noexcept {
        added_ += bytes;
        return added_ > share * list_.size();
    }

    /// The end of a round. If it has added something, what waits for each of them is offered to the kernel;
    /// after other rounds the kernel tells when it has room. Who has caught up leaves, whose time is over is
    /// closed. What a connection throws (from whoever waited for its queue to drain) is logged.
    void offer();

    void clear() noexcept;

  private:
    struct entry {
        std::shared_ptr<connection> who;
        base::steady_time until;
    };
    void start_clock(base::steady_time until);

    shard& home_;
    std::vector<entry> list_;
    std::vector<entry> offering_;
    std::size_t added_ = 0;
    // Brings about a round when somebody's time is over, at `first_` or before; all is done in offer().
    base::steady_time first_{};
    timer clock_{[](void*) {}, nullptr};
};

}  // namespace chatterlink::net
