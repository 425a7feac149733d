#include "hub/topics.hpp"

#include <limits>
#include <utility>

namespace chatterlink::hub {
namespace {

// Subscribers whose memory is on its way while others are delivered to.
constexpr std::size_t fetch_ahead = 4;

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

std::size_t topics::deliver(const std::string& topic, const frame_ptr& f, const subscriber* except) {
    const auto found = by_name_.find(topic);
    if (found == by_name_.end()) return 0;
    std::size_t delivered = 0;
    const auto& entries = found->second->entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (i + fetch_ahead < entries.size()) __builtin_prefetch(entries[i + fetch_ahead].who);
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
