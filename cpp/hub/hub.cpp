#include "hub/hub.hpp"

#include <algorithm>

namespace chatterlink::hub {

hub::hub(base::shards& threads) : threads_(threads), directory_(std::make_unique<stripe[]>(stripes)) {
    for (base::shard_id i = 0; i < threads.count(); ++i) {
        shards_.push_back(std::make_unique<topics>());
        if (threads.count() == 1) break;
        shards_.back()->on_interest([this, i](const std::string& topic, bool some) {
            change(topic, i, [some](interest& in) { in.some = some; });
        });
    }
}

hub::~hub() = default;

hub::stripe& hub::stripe_of(const std::string& topic) noexcept {
    return directory_[std::hash<std::string>{}(topic) % stripes];
}

template <class Change>
void hub::change(const std::string& topic, base::shard_id where, Change how) {
    if (threads_.count() == 1) return;
    auto& s = stripe_of(topic);
    const std::lock_guard guard(s.lock);
    auto& list = s.interested[topic];
    auto found =
        std::find_if(list.begin(), list.end(), [&](const interest& in) { return in.shard == where; });
    if (found == list.end()) found = list.insert(list.end(), {where});
    how(*found);
    if (found->some || found->expected != 0) return;
    list.erase(found);
    if (list.empty()) s.interested.erase(topic);
}

void hub::expect(const std::string& topic, base::shard_id where) {
    change(topic, where, [](interest& in) { ++in.expected; });
}

void hub::arrived(const std::string& topic, base::shard_id where) {
    change(topic, where, [](interest& in) { --in.expected; });
}

void hub::interested(const std::string& topic, std::vector<base::shard_id>& into) {
    if (threads_.count() == 1) return into.push_back(0);
    auto& s = stripe_of(topic);
    const std::lock_guard guard(s.lock);
    const auto found = s.interested.find(topic);
    if (found == s.interested.end()) return;
    for (const auto& in : found->second) into.push_back(in.shard);
}

std::unique_ptr<subscription> hub::subscribe(const std::string& topic, subscriber& who) {
    return shards_[threads_.current()]->subscribe(topic, who);
}

void hub::publish(const std::string& topic, frame_ptr f, const subscriber* except) {
    const base::shard_id home = threads_.home_of(topic);
    if (threads_.current() == home) return fan_out(topic, f, except);
    threads_.post(home, [this, topic, f = std::move(f), except] { fan_out(topic, f, except); });
}

void hub::fan_out(const std::string& topic, const frame_ptr& f, const subscriber* except) {
    counters_.published.fetch_add(1, std::memory_order_relaxed);
    const base::shard_id here = threads_.current();
    if (threads_.count() == 1) return deliver_here(here, topic, f, except);
    std::vector<base::shard_id> where;
    interested(topic, where);
    for (const auto shard : where) {
        if (shard == here) {
            deliver_here(here, topic, f, except);
        } else {
            counters_.shard_tasks.fetch_add(1, std::memory_order_relaxed);
            threads_.post(shard, [this, shard, topic, f, except] { deliver_here(shard, topic, f, except); });
        }
    }
}

void hub::deliver_here(base::shard_id here, const std::string& topic, const frame_ptr& f,
                       const subscriber* except) {
    counters_.delivered.fetch_add(shards_[here]->deliver(topic, f, except, threads_.waits()),
                                  std::memory_order_relaxed);
}

}  // namespace chatterlink::hub
