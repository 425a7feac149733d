// Whom a broadcast, a remote join or a fetch is about.
#pragma once

#include <string>
#include <vector>

namespace chatterlink::socketio {

/// Sockets of one namespace: those in any of `rooms` (all when there is none) and in none of `except`; each
/// counts once. A socket is always in the room of its own id.
struct target {
    std::string nsp = "/";
    std::vector<std::string> rooms{};
    std::vector<std::string> except{};
    bool except_rooms = true;     // false: `except` has ids of sockets only
    bool volatile_event = false;  // a reader that is behind, or away, may miss it
    bool local = false;           // this process only, should it be one of several
};

}  // namespace chatterlink::socketio
