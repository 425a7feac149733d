// Publish and subscribe over all shards: a broadcast is one task for each shard that has subscribers, then a
// loop over them; no lock and no message per delivery.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/shards.hpp"
#include "hub/topics.hpp"

namespace chatterlink::hub {

struct hub_counters {
    std::atomic<std::uint64_t> published{0};
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> shard_tasks{0};  // posted to other shards for broadcasts
};

class hub {
  public:
    explicit hub(base::shards& threads);
    ~hub();

    /// Subscribes on the current shard; the subscriber stays there.
    std::unique_ptr<subscription> subscribe(const std::string& topic, subscriber& who);

    /// Gives a frame to all subscribers of a topic but `except` (compared by address only; may be null).
    /// Any shard. Everybody sees the frames of one topic in one order: they all go out from the topic's home
    /// shard.
    void publish(const std::string& topic, frame_ptr f, const subscriber* except = nullptr);

    // ---- For layers that send otherwise than by publish(): whom would it reach? ----

    /// Appends the shards that have subscribers of a topic or were told to expect one; each once if `into`
    /// was empty. Any thread.
    void interested(const std::string& topic, std::vector<base::shard_id>& into);
    /// A subscription is on its way to that shard (a task was or will be posted): until arrived() the shard
    /// counts as interested, so that what is sent behind the task does not pass the shard by. Any thread.
    void expect(const std::string& topic, base::shard_id where);
    void arrived(const std::string& topic, base::shard_id where);
    /// The topics of the current shard.
    const topics& here() const { return *shards_[threads_.current()]; }

    const hub_counters& counters() const noexcept { return counters_; }

  private:
    void fan_out(const std::string& topic, const frame_ptr& f, const subscriber* except);
    void deliver_here(base::shard_id here, const std::string& topic, const frame_ptr& f,
                      const subscriber* except);

    // Which shards have subscribers of a topic. Changes when a shard's first comes or last goes; read once
    // for each broadcast. In stripes, so that unrelated topics do not wait for each other. Unused with one
    // shard.
    struct interest {
        base::shard_id shard;
        bool some = false;           // has subscribers
        std::uint32_t expected = 0;  // has some on their way
    };
    struct stripe {
        std::mutex lock;
        std::unordered_map<std::string, std::vector<interest>> interested;
    };
    template <class Change>
    void change(const std::string& topic, base::shard_id where, Change how);
    static constexpr std::size_t stripes = 64;
    stripe& stripe_of(const std::string& topic) noexcept;

    base::shards& threads_;
    std::vector<std::unique_ptr<topics>> shards_;
    std::unique_ptr<stripe[]> directory_;
    hub_counters counters_;
};

}  // namespace chatterlink::hub
