// What a socket may have beside its name: rooms, awaited answers, packets kept. Internal to socketio/.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hub/hub.hpp"
#include "net/timer_wheel.hpp"
#include "socketio/outgoing.hpp"
#include "socketio/recovery.hpp"
#include "socketio/socket.hpp"

namespace chatterlink::socketio {

/// An answer that a client owes.
struct pending_ack {
    pending_ack(socket& s, std::uint64_t its_id, ack_callback callback, void (*fire)(void*))
        : owner(s), id(its_id), then(std::move(callback)), clock(fire, this) {}
    socket& owner;
    std::uint64_t id;
    ack_callback then;
    net::timer clock;
};

struct socket::details {
    std::unordered_map<std::string, std::unique_ptr<hub::subscription>> rooms{};
    std::map<std::uint64_t, pending_ack> acks{};  // by id, that is by age
    json data{};
    std::vector<outgoing_ptr> early{};  // sent while the connect is being decided
    std::size_t early_bytes = 0;
    std::unique_ptr<recovery> recover{};  // with connection state recovery only
};

}  // namespace chatterlink::socketio
