// A packet on its way out: encoded once, shared by every socket it goes to. Internal to socketio/.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared_buffer.hpp"
#include "socketio/packet.hpp"
#include "socketio/settings.hpp"

namespace chatterlink::socketio {

/// Immutable once made; any thread.
struct outgoing {
    boost::container::small_vector<base::buffer_ptr, 1>
        frames{};                           // ready WebSocket frames: the packet, then its attachments
    std::size_t bytes = 0;                  // of the frames
    std::string offset{};                   // its place for recovery; empty: not replayed
    std::optional<std::uint64_t> ack_id{};  // the answer it asks for
    bool volatile_event = false;
};
using outgoing_ptr = std::shared_ptr<const outgoing>;

std::shared_ptr<outgoing> make_outgoing(packet p, parser wire);
/// Of an encoded packet without attachments that asks for no answer.
std::shared_ptr<outgoing> make_outgoing(std::string_view text);

/// [event, argument…] of an event's name and its arguments (an array; anything else is the only argument).
json event_data(std::string_view event, json arguments);

}  // namespace chatterlink::socketio
