#include "socketio/registry.hpp"

#include "base/ids.hpp"

namespace chatterlink::socketio {

std::string topic_of(const std::string& nsp, const std::string& room) {
    return std::to_string(nsp.size()) + nsp + room;
}

registry::~registry() = default;

base::shard_id registry::locate(const std::string& id) const {
    if (id.size() < socket_id_bytes) return base::no_shard;
    if (moves_count_.load(std::memory_order_acquire) != 0) {
        const std::shared_lock guard(moves_lock_);
        if (const auto found = moves_.find(id); found != moves_.end()) return found->second;
    }
    const base::shard_id where = base::shard_in_token(id);
    return where < threads_.count() ? where : base::no_shard;
}

void registry::moved(const std::string& id, base::shard_id to) {
    const std::unique_lock guard(moves_lock_);
    moves_.insert_or_assign(id, to);
    moves_count_.store(moves_.size(), std::memory_order_release);
}

void registry::forget_move(const std::string& id) {
    if (moves_count_.load(std::memory_order_acquire) == 0) return;
    const std::unique_lock guard(moves_lock_);
    moves_.erase(id);
    moves_count_.store(moves_.size(), std::memory_order_release);
}

void registry::add(const socket_ptr& s) {
    shards_[threads_.current()].by_namespace[s->nsp()].insert(s);
}

void registry::remove(const socket& s) {
    auto& by_namespace = shards_[threads_.current()].by_namespace;
    const auto found = by_namespace.find(s.nsp());
    if (found == by_namespace.end()) return;
    found->second.erase(std::string_view(s.id()));
    // A dynamic namespace leaves nothing behind.
    if (found->second.empty()) by_namespace.erase(found);
}

const registry::sockets* registry::in(const std::string& nsp) const {
    const auto& by_namespace = shards_[threads_.current()].by_namespace;
    const auto found = by_namespace.find(nsp);
    return found == by_namespace.end() ? nullptr : &found->second;
}

socket* registry::find(const std::string& nsp, const std::string& id) const {
    const auto* const here = in(nsp);
    if (here == nullptr) return nullptr;
    const auto found = here->find(id);
    return found == here->end() ? nullptr : found->get();
}

std::vector<socket_ptr> registry::all() const {
    std::vector<socket_ptr> everyone;
    for (const auto& [name, here] : shards_[threads_.current()].by_namespace) {
        for (const auto& s : here) everyone.push_back(s);
    }
    return everyone;
}

void registry::add_private(const std::string& pid, socket& s) {
    shards_[threads_.current()].by_private_id.insert_or_assign(pid, &s);
}

void registry::remove_private(const std::string& pid) {
    shards_[threads_.current()].by_private_id.erase(pid);
}

socket* registry::find_private(const std::string& pid) const {
    const auto& known = shards_[threads_.current()].by_private_id;
    const auto found = known.find(pid);
    return found == known.end() ? nullptr : found->second;
}

}  // namespace chatterlink::socketio
