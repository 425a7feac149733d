// What a Socket.IO server may be told: timeouts, parser, connection state recovery. Sizes in bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace chatterlink::socketio {

/// How packets are written on the wire; clients and server have to agree.
enum class parser : std::uint8_t {
    text,     // socket.io-protocol revision 5: JSON text, attachments as binary messages of their own
    msgpack,  // socket.io-msgpack-parser: each packet one binary message
};

/// Connection state recovery (Socket.IO 4.6): a socket whose connection broke is kept for a while with its
/// rooms, its data and what it misses; the client that comes back in time goes on where it was. Each bound
/// ends the recovery of one socket, whose client then begins anew, and never anything else.
struct recovery_settings {
    bool enabled = false;
    base::milliseconds max_disconnection_duration{120'000};  // how long a socket is kept
    std::size_t max_packets = 1'000;                         // of one socket kept for replaying
    std::size_t max_bytes = 256 * 1024;                      // of these
    std::size_t max_parked = 10'000;  // sockets kept on one shard at a time; the oldest gives way
    bool skip_middlewares = true;     // for a socket that was recovered
};

struct settings {
    base::milliseconds connect_timeout{45'000};     // for the first CONNECT
    base::milliseconds attachment_timeout{10'000};  // for the binary messages a packet announced
    parser wire = parser::text;
    recovery_settings recovery{};
    std::size_t max_pending_acks = 10'000;      // of one socket; beyond, the oldest counts as timed out
    std::size_t max_rooms = 10'000;             // of one socket; further ones are not entered
    std::size_t max_early_bytes = 1024 * 1024;  // sent to a socket whose connect is still being decided
    bool keep_request = true;  // the handshake's request_info lives as long as the connection
};

}  // namespace chatterlink::socketio
