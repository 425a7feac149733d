#include "hub/topics.hpp"

#include <limits>
#include <utility>

namespace chatterlink::hub {
namespace {

// How many subscribers before its turn one's own memory is asked for; then the steps of expect() follow, each
// that much nearer.
constexpr std::size_t fetch_ahead = 8;
constexpr std::size_t step_length = fetch_ahead / (subscriber::expect_steps + 1);

// More than these are not in the cache either when the topic was delivered to just before: each has several
// hundred bytes of its own.
constexpr std::size_t most_in_cache = 1'000;

}  // namespace

// One topic's subscribers, side by side in memory for the delivery loop.
struct subscription::members {
    // A delivery looks at nothing but this and its subscriber.
    struct entry {
        subscriber* who;
        std::uint64_t through;  // messages up to this seq are not delivered; or `holding`
        subscription* place;
    };
    static constexpr auto holding = std::numeric_limits<std::uint64_t>::max();
    topics& owner;
    std::string topic;
    std::vector<entry> entries;
    std::uint64_t waits = std::numeric_limits<std::uint64_t>::max();  // before the last delivery

    // Members of a large room that has been silent are not in the cache, and one leads to the other:
    // waiting for each in turn would cost more than the delivery. `at`: who is next.
    void fetch(std::size_t at) const noexcept {
        if (at < entries.size()) __builtin_prefetch(entries[at].who);
        for (unsigned step = 0; step < subscriber::expect_steps; ++step) {
            at -= step_length;  // below 0 it wraps, beyond all of them
            if (at < entries.size()) entries[at].who->expect(step);
        }
    }
};

topics::topics() = default;
topics::~topics() = default;

const std::string& subscription::topic() const noexcept {
    return where_.topic;
}

subscription::~subscription() {
    where_.owner.leave(*this);
}

void subscription::hold() noexcept {
    where_.entries[index_].through = members::holding;
}

void subscription::release(std::uint64_t through) {
    auto& entry = where_.entries[index_];
    entry.through = through;
    const auto held = std::exchange(held_, nullptr);
    if (!held) return;
    auto& who = *entry.who;
    for (const auto& f : *held) {
        if (f->seq == 0 || f->seq > through) who.deliver(*f);
    }
}

std::unique_ptr<subscription> topics::subscribe(const std::string& topic, subscriber& who) {
    auto& where = by_name_[topic];
    const bool first = !where;
    if (first) {
        where = std::unique_ptr<subscription::members>(new subscription::members{*this, topic, {}});
    }
    std::unique_ptr<subscription> s(new subscription(*where));
    s->index_ = where->entries.size();
    where->entries.push_back({&who, 0, s.get()});
    if (first && interest_) interest_(topic, true);
    return s;
}

void topics::leave(subscription& s) noexcept {
    auto& entries = s.where_.entries;
    entries[s.index_] = entries.back();
    entries[s.index_].place->index_ = s.index_;
    entries.pop_back();
    if (!entries.empty()) return;
    const std::string gone = s.where_.topic;
    by_name_.erase(gone);
    if (interest_) interest_(gone, false);
}

std::size_t topics::deliver(const std::string& topic, const frame_ptr& f, const subscriber* except,
                            std::uint64_t waits) {
    const auto found = by_name_.find(topic);
    if (found == by_name_.end()) return 0;
    std::size_t delivered = 0;
    auto& members = *found->second;
    const auto& entries = members.entries;
    const bool awake_since = std::exchange(members.waits, waits) == waits;
    const bool cold = entries.size() > (awake_since ? most_in_cache : fetch_ahead);
    for (std::size_t i = 0; cold && i < fetch_ahead; ++i) members.fetch(i);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (cold) members.fetch(i + fetch_ahead);
        const auto& entry = entries[i];
        if (entry.who == except) continue;
        if (entry.through == subscription::members::holding) {
            auto& held = entry.place->held_;
            if (!held) held = std::make_unique<std::vector<frame_ptr>>();
            held->push_back(f);
            continue;
        }
        if (f->seq != 0 && f->seq <= entry.through) continue;
        entry.who->deliver(*f);
        ++delivered;
    }
    return delivered;
}

void topics::collect(const std::string& topic, std::vector<subscriber*>& into) const {
    const auto found = by_name_.find(topic);
    if (found == by_name_.end()) return;
    into.reserve(into.size() + found->second->entries.size());
    for (const auto& entry : found->second->entries) into.push_back(entry.who);
}

std::size_t topics::subscribers(const std::string& topic) const noexcept {
    const auto found = by_name_.find(topic);
    return found == by_name_.end() ? 0 : found->second->entries.size();
}

}  // namespace chatterlink::hub
