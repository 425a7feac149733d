#include "net/websocket_frame.hpp"

namespace chatterlink::net {

void append_websocket_header(std::string& out, websocket_opcode opcode, std::size_t payload) {
    out.push_back(static_cast<char>(0x80 | static_cast<unsigned>(opcode)));  // FIN, no reserved bits
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

base::buffer_ptr websocket_frame(websocket_opcode opcode, std::string_view payload, std::string_view more) {
    std::string header;
    append_websocket_header(header, opcode, payload.size() + more.size());
    return base::shared_buffer::copy_of(header, payload, more);
}

std::string_view websocket_payload(std::string_view frame) noexcept {
    const auto length = static_cast<unsigned char>(frame[1]);
    return frame.substr(length < 126 ? 2 : length == 126 ? 4 : 10);
}

}  // namespace chatterlink::net
