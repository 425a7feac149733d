#include "socketio/registry.hpp"

#include "base/ids.hpp"

namespace chatterlink::socketio {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

}  // namespace

std::string make_id(std::size_t random_bytes, base::shard_id where) {
    std::string id = base::random_token(random_bytes);
    for (int shift = 12; shift >= 0; shift -= 4) id.push_back(digits[(where >> shift) & 0xf]);
    return id;
}

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
    base::shard_id where = 0;
    for (const char c : std::string_view(id).substr(id.size() - 4)) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) return base::no_shard;
        where = where * 16 + static_cast<base::shard_id>(digit);
    }
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
    shards_[threads_.current()].by_namespace[s->nsp()].emplace(s->id(), s);
}

void registry::remove(const socket& s) {
    auto& by_namespace = shards_[threads_.current()].by_namespace;
    const auto found = by_namespace.find(s.nsp());
    if (found == by_namespace.end()) return;
    found->second.erase(s.id());
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
    return found == here->end() ? nullptr : found->second.get();
}

std::vector<socket_ptr> registry::all() const {
    std::vector<socket_ptr> everyone;
    for (const auto& [name, here] : shards_[threads_.current()].by_namespace) {
        for (const auto& [id, s] : here) everyone.push_back(s);
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
