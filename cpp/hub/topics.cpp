#include "hub/topics.hpp"

#include <utility>

namespace chatterlink::hub {

// One topic's subscribers, side by side in memory for the delivery loop.
struct subscription::members {
    struct entry {
        subscriber* who;
        std::uint64_t through;  // messages up to this seq are not delivered
        subscription* place;
    };
    std::string topic;
    std::vector<entry> entries;
};

topics::topics() = default;
topics::~topics() = default;

const std::string& subscription::topic() const noexcept {
    return where_.topic;
}

subscription::~subscription() {
    owner_.leave(*this);
}

void subscription::release(std::uint64_t through) {
    holding_ = false;
    where_.entries[index_].through = through;
    for (const auto& f : std::exchange(held_, {})) {
        if (f->seq == 0 || f->seq > through) who_.deliver(*f);
    }
}

std::unique_ptr<subscription> topics::subscribe(const std::string& topic, subscriber& who) {
    auto& where = by_name_[topic];
    const bool first = !where;
    if (first) {
        where = std::make_unique<subscription::members>();
        where->topic = topic;
    }
    std::unique_ptr<subscription> s(new subscription(*this, *where, who));
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
    for (const auto& entry : found->second->entries) {
        if (entry.who == except) continue;
        if (entry.place->holding_) {
            entry.place->held_.push_back(f);
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
