// WebSocket frames as a client reads and writes them (RFC 6455 §5.2): in place, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chatterlink::load {

enum class opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// A frame that is there as a whole. `payload` points into the bytes that were parsed.
struct frame {
    opcode code = opcode::text;
    bool final = true;
    bool compressed = false;  // RSV1 (RFC 7692 §6), which only means something where it was agreed on
    std::string_view payload{};
    std::size_t size = 0;  // of the whole frame, header included
};

enum class frame_state : std::uint8_t {
    complete,
    incomplete,  // more bytes are needed
    invalid,     // no server may send this: masked, a reserved bit, a control frame that is too long
};

/// A payload that is longer is taken for nonsense (invalid).
inline constexpr std::size_t max_frame_payload = std::size_t{16} << 20U;

/// Looks at the frame that begins at `data`. Inline: it runs once for each delivery.
inline frame_state parse_frame(const char* data, std::size_t size, frame& found) noexcept {
    if (size < 2) return frame_state::incomplete;
    const auto first = static_cast<std::uint8_t>(data[0]);
    const auto second = static_cast<std::uint8_t>(data[1]);
    if ((first & 0x30U) != 0 || (second & 0x80U) != 0) return frame_state::invalid;
    std::size_t head = 2;
    std::size_t length = second;
    if (length >= 126) {
        const std::size_t bytes = length == 126 ? 2 : 8;
        if (size < head + bytes) return frame_state::incomplete;
        length = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            length = length << 8U | static_cast<std::uint8_t>(data[head + i]);
        head += bytes;
    }
    if (length > max_frame_payload) return frame_state::invalid;
    const auto code = static_cast<opcode>(first & 0x0FU);
    if ((first & 0x08U) != 0 && (length > 125 || (first & 0xC0U) != 0x80U)) return frame_state::invalid;
    if (size - head < length) return frame_state::incomplete;
    found = {code, (first & 0x80U) != 0, (first & 0x40U) != 0, {data + head, length}, head + length};
    return frame_state::complete;
}

/// Appends a whole message in one frame, masked with `key` (§5.3).
void append_frame(std::string& to, opcode code, std::string_view payload, std::uint32_t key);

}  // namespace chatterlink::load
