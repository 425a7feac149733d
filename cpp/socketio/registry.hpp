// Which sockets there are, and on which shard. Internal to socketio/.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/named_set.hpp"
#include "base/shards.hpp"
#include "socketio/socket.hpp"

namespace chatterlink::socketio {

/// The hub topic of a room; distinct for distinct pairs.
std::string topic_of(const std::string& nsp, const std::string& room);

inline constexpr std::size_t socket_id_bytes = 15;   // a name, not a secret
inline constexpr std::size_t private_id_bytes = 18;  // a secret: who has it may take the socket over

class registry {
  public:
    using sockets = base::named_set<socket, &socket::id>;

    explicit registry(base::shards& threads) : threads_(threads), shards_(threads.count()) {}
    ~registry();

    // ---- Any thread ----

    /// The shard of a socket's public or private id; no_shard when it cannot be one.
    base::shard_id locate(const std::string& id) const;
    /// The socket of these ids went to another shard than they name; forget_move() once it is over.
    void moved(const std::string& id, base::shard_id to);
    void forget_move(const std::string& id);
    /// Held while a broadcast is handed to the shards, so that all of them get two broadcasts in one order.
    std::mutex& order_of(const std::string& nsp) noexcept {
        return order_[std::hash<std::string>{}(nsp) % stripes];
    }

    // ---- The current shard ----

    void add(const socket_ptr& s);
    void remove(const socket& s);
    /// Whatever state it is in; null when there is none.
    socket* find(const std::string& nsp, const std::string& id) const;
    /// The namespace's sockets here, or null.
    const sockets* in(const std::string& nsp) const;
    /// Those of all namespaces; a copy.
    std::vector<socket_ptr> all() const;

    /// By private id, with connection state recovery.
    void add_private(const std::string& pid, socket& s);
    void remove_private(const std::string& pid);
    socket* find_private(const std::string& pid) const;

    /// Sockets that wait for their client to come back, the longest waiting first.
    std::list<socket*>& parked() noexcept { return shards_[threads_.current()].parked; }

  private:
    struct per_shard {
        std::unordered_map<std::string, sockets> by_namespace;
        std::unordered_map<std::string, socket*> by_private_id;
        std::list<socket*> parked;
    };
    static constexpr std::size_t stripes = 16;

    base::shards& threads_;
    std::vector<per_shard> shards_;  // each touched by its own shard only
    std::mutex order_[stripes];
    mutable std::shared_mutex moves_lock_;
    std::unordered_map<std::string, base::shard_id> moves_;
    std::atomic<std::size_t> moves_count_{0};  // so that the lock is for those that have some
};

}  // namespace chatterlink::socketio
