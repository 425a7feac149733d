// The port through which the layers above the sockets use threads: N shards, each ONE thread that runs tasks
// one after the other. What belongs to a shard is touched by its thread only, so it needs no lock.
// net::reactor is the real one; tests use tests/cpp/support/manual_shards.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace chatterlink::base {

using shard_id = std::uint32_t;
inline constexpr shard_id no_shard = ~shard_id{0};

class shards {
  public:
    using task = std::function<void()>;

    virtual ~shards() = default;

    /// How many there are; constant, at least 1.
    virtual shard_id count() const noexcept = 0;

    /// The shard whose thread is calling, or no_shard from any other thread.
    virtual shard_id current() const noexcept = 0;

    /// How often the calling shard's thread has waited for work. What it touched since it last did is, as a
    /// rule, still in the processor's cache. Always 0 where there are no threads.
    virtual std::uint64_t waits() const noexcept { return 0; }

    /// Runs the task on a shard's thread, later, in the order posted from any one thread. Any thread.
    /// After the shards were stopped the task is dropped.
    virtual void post(shard_id where, task what) = 0;

    /// Posts several at once, in their order: the shard is woken once, and runs them without others between
    /// as far as it is not held up by them for long. Any thread.
    virtual void post_all(shard_id where, std::vector<task> what) {
        for (task& each : what) post(where, std::move(each));
    }

    /// Runs the task on the CURRENT shard after a delay (rounded up to the timer's tick, 10 ms). Only on a
    /// shard's thread. It cannot be cancelled: the task checks whether it still applies.
    virtual void after(milliseconds delay, task what) = 0;

    /// Now, or later on that shard: calls at once when already there (then without the allocation of a task).
    template <class Call>
    void run_on(shard_id where, Call&& what) {
        if (current() == where) {
            std::forward<Call>(what)();
        } else {
            post(where, task(std::forward<Call>(what)));
        }
    }

    /// The shard that owns a name (a room, a topic): the same for every caller.
    shard_id home_of(std::string_view name) const noexcept {
        const shard_id n = count();
        return n == 1 ? 0 : static_cast<shard_id>(std::hash<std::string_view>{}(name) % n);
    }
};

}  // namespace chatterlink::base
