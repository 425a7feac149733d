// Who is subscribed to what on ONE shard. That shard's thread only; no lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/frame.hpp"

namespace chatterlink::hub {

/// Takes what is published. It must not subscribe or unsubscribe anything from inside deliver().
class subscriber {
  public:
    virtual ~subscriber() = default;
    virtual void deliver(const frame& f) = 0;

    /// deliver() comes soon: has what it will touch brought into the processor's cache, and does nothing
    /// else. Called with 0, 1, … expect_steps - 1, each time nearer to the delivery and while others are
    /// delivered to: a step may look at what an earlier one asked for. The subscriber's own first bytes are
    /// there.
    virtual void expect(unsigned step) const noexcept { static_cast<void>(step); }
    static constexpr unsigned expect_steps = 3;
};

class topics;

/// A place in a topic; leaving it is unsubscribing. Owned by the subscriber's side, on the subscriber's
/// shard.
class subscription {
  public:
    ~subscription();
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;

    /// Until release(), what is published is kept instead of delivered (a join still reading history).
    void hold() noexcept;

    /// Delivers what was kept and everything after it, except messages up to and including seq `through`: the
    /// history already showed them. So a member sees every message once, whenever it joined.
    void release(std::uint64_t through);

    const std::string& topic() const noexcept;

  private:
    friend class topics;
    struct members;
    explicit subscription(members& where) : where_(where) {}

    members& where_;
    std::size_t index_ = 0;
    std::unique_ptr<std::vector<frame_ptr>> held_;  // null: nothing
};

class topics {
  public:
    topics();
    ~topics();
    topics(const topics&) = delete;
    topics& operator=(const topics&) = delete;

    std::unique_ptr<subscription> subscribe(const std::string& topic, subscriber& who);

    /// Gives the frame to every subscriber of the topic but `except` (which may be null). Returns to how
    /// many. `waits`: base::shards::waits().
    std::size_t deliver(const std::string& topic, const frame_ptr& f, const subscriber* except,
                        std::uint64_t waits = 0);

    std::size_t subscribers(const std::string& topic) const noexcept;
    /// Appends every subscriber of the topic, also one whose subscription is held.
    void collect(const std::string& topic, std::vector<subscriber*>& into) const;
    std::size_t count() const noexcept { return by_name_.size(); }

    /// Called when a topic gets its first subscriber (true) or loses its last (false).
    void on_interest(std::function<void(const std::string&, bool)> f) { interest_ = std::move(f); }

  private:
    friend class subscription;
    void leave(subscription& s) noexcept;

    std::unordered_map<std::string, std::unique_ptr<subscription::members>> by_name_;
    std::function<void(const std::string&, bool)> interest_;
};

}  // namespace chatterlink::hub
