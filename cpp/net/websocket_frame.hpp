// The header of an unmasked WebSocket frame from server to client (RFC 6455 §5.2), for frames that are
// encoded once and queued on many connections.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_buffer.hpp"

namespace chatterlink::net {

enum class websocket_opcode : std::uint8_t { text = 0x1, binary = 0x2 };

/// Bytes of the header before a payload of that size: 2, 4 or 10.
constexpr std::size_t websocket_header_size(std::size_t payload) noexcept {
    return payload < 126 ? 2 : payload <= 0xffff ? 4 : 10;
}

/// Appends the header of a final frame.
void append_websocket_header(std::string& out, websocket_opcode opcode, std::size_t payload);

/// A whole frame: header, then the two parts of the payload.
base::buffer_ptr websocket_frame(websocket_opcode opcode, std::string_view payload,
                                 std::string_view more = {});

/// The payload of a frame made here.
std::string_view websocket_payload(std::string_view frame) noexcept;

}  // namespace chatterlink::net
