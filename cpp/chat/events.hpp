// What a room is told, and the port through which each face of the server encodes it for its own clients.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "chat/types.hpp"
#include "hub/frame.hpp"

namespace chatterlink::chat {

/// Who came and went since the last one; lists may be cut short (limits::presence_names), the count is right.
struct presence {
    std::string room;
    std::vector<std::string> joined;
    std::vector<std::string> left;
    std::size_t count = 0;
};

/// Everybody who is typing now.
struct typing {
    std::string room;
    std::vector<std::string> usernames;
};

using event = std::variant<message, presence, typing>;

/// Implemented by each gateway: puts its encoding of the event into the frame, or leaves it empty when its
/// clients are not told of such events. Called once for each event, on the room's home shard.
class event_encoder {
  public:
    virtual ~event_encoder() = default;
    virtual void encode(const event& what, hub::frame& into) const = 0;
};

}  // namespace chatterlink::chat
