// The header of an unmasked WebSocket frame from server to client (RFC 6455 §5.2), for frames that are
// encoded once and queued on many connections.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_buffer.hpp"

namespace chatterlink::net {

enum class websocket_opcode : std::uint8_t { text = 0x1, binary = 0x2, close = 0x8, ping = 0x9, pong = 0xa };

/// Bytes of the header before a payload of that size: 2, 4 or 10.
constexpr std::size_t websocket_header_size(std::size_t payload) noexcept {
    return payload < 126 ? 2 : payload <= 0xffff ? 4 : 10;
}

/// Appends the header of a final frame. `compressed`: the payload is a message as permessage-deflate has it
/// (RFC 7692 §6).
void append_websocket_header(std::string& out, websocket_opcode opcode, std::size_t payload,
                             bool compressed = false);

/// A whole frame: header, then the two parts of the payload.
base::buffer_ptr websocket_frame(websocket_opcode opcode, std::string_view payload,
                                 std::string_view more = {}, bool compressed = false);

/// A close frame; code 1005 makes one without code and reason. A reason is cut at 123 bytes (RFC 6455 §5.5).
base::buffer_ptr websocket_close_frame(std::uint16_t code, std::string_view reason = {});

/// The payload of a frame made here.
std::string_view websocket_payload(std::string_view frame) noexcept;

}  // namespace chatterlink::net
