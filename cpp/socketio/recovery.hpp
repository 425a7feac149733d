// What connection state recovery keeps of one socket: its private id and the packets sent lately, which a
// client that comes back may have missed. Internal to socketio/. No I/O.
#pragma once

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/timer_wheel.hpp"
#include "socketio/outgoing.hpp"
#include "socketio/settings.hpp"

namespace chatterlink::socketio {

class socket;

/// A bounded run of packets, oldest first. The packets are shared with everybody else they were sent to.
class packet_history {
  public:
    /// The oldest make room.
    void push(outgoing_ptr what, const recovery_settings& bounds);

    /// What followed the packet with that offset; without one (the client saw no packet yet) everything.
    /// nullopt when that is no longer known.
    std::optional<std::vector<outgoing_ptr>> after(std::optional<std::string_view> offset) const;

    /// The client is away from now on: it has seen nothing of what follows.
    void mark_away() noexcept { sent_ = dropped_ + kept_.size(); }
    /// Whether after() fails whatever the client saw before mark_away(): the last packet sent is gone.
    bool hopeless() const noexcept { return dropped_ > sent_; }

    /// Continues another history: its packets come first, the own ones behind without those it has already.
    void follow(packet_history earlier, const recovery_settings& bounds);

    std::size_t size() const noexcept { return kept_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

  private:
    std::deque<outgoing_ptr> kept_;
    std::size_t bytes_ = 0;
    std::size_t dropped_ = 0;   // packets before kept_
    std::string last_dropped_;  // the offset of the last of them
    std::size_t sent_ = 0;      // packets until mark_away()
};

struct recovery {
    std::string pid{};  // tells a client that comes back from one that only knows the socket's public id
    packet_history history{};
    net::timer expiry;                     // runs while the socket is parked
    bool departed = false;                 // lives on, on another shard
    bool waiting = false;                  // parked, that is
    std::list<socket*>::iterator place{};  // among the shard's parked sockets, while it is

    recovery(void (*fire)(void*), socket* owner) : expiry(fire, owner) {}
};

}  // namespace chatterlink::socketio
