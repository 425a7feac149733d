#include "net/websocket_frame.hpp"

#include <array>

namespace chatterlink::net {

void append_websocket_header(std::string& out, websocket_opcode opcode, std::size_t payload,
                             bool compressed) {
    const unsigned flags = compressed ? 0xc0U : 0x80U;  // FIN, and RSV1
    out.push_back(static_cast<char>(flags | static_cast<unsigned>(opcode)));
    const auto big_endian = [&](unsigned bytes) {
        while (bytes-- > 0)
            out.push_back(static_cast<char>((static_cast<std::uint64_t>(payload) >> (8 * bytes)) & 0xff));
    };
    if (payload < 126) {
        out.push_back(static_cast<char>(payload));
    } else if (payload <= 0xffff) {
        out.push_back(126);
        big_endian(2);
    } else {
        out.push_back(127);
        big_endian(8);
    }
}

base::buffer_ptr websocket_frame(websocket_opcode opcode, std::string_view payload, std::string_view more,
                                 bool compressed) {
    std::string header;
    append_websocket_header(header, opcode, payload.size() + more.size(), compressed);
    return base::shared_buffer::copy_of(header, payload, more);
}

base::buffer_ptr websocket_close_frame(std::uint16_t code, std::string_view reason) {
    constexpr std::uint16_t none = 1005;
    if (code == none) return websocket_frame(websocket_opcode::close, {});
    const std::array<char, 2> number{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    constexpr std::size_t most = 123;
    return websocket_frame(websocket_opcode::close, {number.data(), number.size()}, reason.substr(0, most));
}

std::string_view websocket_payload(std::string_view frame) noexcept {
    const auto length = static_cast<unsigned char>(frame[1]);
    return frame.substr(length < 126 ? 2 : length == 126 ? 4 : 10);
}

}  // namespace chatterlink::net
