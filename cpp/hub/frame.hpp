// One event, encoded once for every face of the server: all members of a room share these bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/shared_buffer.hpp"

namespace chatterlink::hub {

/// The encodings a frame may carry; a subscriber takes its own.
enum class encoding : std::uint8_t {
    socketio,    // a WebSocket text frame with an Engine.IO message; a poll takes its payload
    line,        // a line of the line protocol with its newline
    line_plain,  // the same without, for clients that know no newlines
};
inline constexpr std::size_t encodings = 3;

/// Immutable once published.
struct frame {
    std::array<base::buffer_ptr, encodings> bytes{};
    std::uint64_t seq =
        0;  // of the message in its room; 0 for what has no place in that order (presence, typing)
    bool volatile_event = false;  // may be dropped for a reader that is behind

    const base::buffer_ptr& in(encoding e) const noexcept { return bytes[static_cast<std::size_t>(e)]; }
    base::buffer_ptr& in(encoding e) noexcept { return bytes[static_cast<std::size_t>(e)]; }
};

using frame_ptr = std::shared_ptr<const frame>;

}  // namespace chatterlink::hub
