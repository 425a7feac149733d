// Shards without threads: tests post, then run() executes everything due, in order, on the calling thread.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "base/shards.hpp"

namespace chatterlink::test {

class manual_shards : public base::shards {
  public:
    explicit manual_shards(base::shard_id count = 1) : count_(count) {}

    base::shard_id count() const noexcept override { return count_; }
    base::shard_id current() const noexcept override { return current_; }
    void post(base::shard_id where, task what) override {
        ++posted;
        queue_.emplace_back(where, std::move(what));
    }
    void after(base::milliseconds delay, task what) override {
        timers_.emplace(now_ + delay, std::pair{current_, std::move(what)});
    }

    /// Runs what was posted, and what that posts, until nothing is left.
    void run() {
        while (!queue_.empty()) {
            auto [where, what] = std::move(queue_.front());
            queue_.pop_front();
            enter(where, what);
        }
    }

    /// Moves time on; due timers run in order of time.
    void advance(base::milliseconds by) {
        run();
        const auto until = now_ + by;
        while (!timers_.empty() && timers_.begin()->first <= until) {
            auto node = timers_.extract(timers_.begin());
            now_ = node.key();
            enter(node.mapped().first, node.mapped().second);
            run();
        }
        now_ = until;
    }

    /// Calls something as if on a shard's thread.
    void enter(base::shard_id where, const task& what) {
        const auto before = std::exchange(current_, where);
        what();
        current_ = before;
    }

    std::size_t posted = 0;  // how many tasks were posted so far

  private:
    base::shard_id count_;
    base::shard_id current_ = 0;
    base::milliseconds now_{0};
    std::deque<std::pair<base::shard_id, task>> queue_;
    std::multimap<base::milliseconds, std::pair<base::shard_id, task>> timers_;
};

}  // namespace chatterlink::test
