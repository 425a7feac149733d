// Many results at once, for example those of a commit: the shards they belong to get them in one piece.
#pragma once

#include <vector>

#include "base/shards.hpp"

namespace chatterlink::base {

/// While one lives, what its thread posts to shards is kept; when it ends, each shard gets its tasks, in the
/// order posted, with one wake-up (shards::post_all). Posted one by one, the first would wake the shard,
/// which then writes one message to everybody where it could have written them all.
///
/// For threads that are no shard's. Within another one it does nothing: the outer one keeps the tasks.
class posts_together {
  public:
    posts_together() noexcept {
        if (active == nullptr) active = this;
    }
    /// Hands over. Without the memory for that the process ends.
    ~posts_together();
    posts_together(const posts_together&) = delete;
    posts_together& operator=(const posts_together&) = delete;

    /// The calling thread's, or null.
    static posts_together* current() noexcept { return active; }

    /// For the implementations of shards::post().
    void keep(shards& to, shard_id where, shards::task what);

  private:
    struct pile {
        shards* to;
        shard_id where;
        std::vector<shards::task> tasks;
    };
    inline static constinit thread_local posts_together* active = nullptr;

    std::vector<pile> piles_;  // one for each shard that got something
};

}  // namespace chatterlink::base
