#include "load/websocket_frames.hpp"

#include <cstring>

namespace chatterlink::load {
namespace {

void append_big_endian(std::string& to, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        to.push_back(static_cast<char>(value >> (8U * static_cast<unsigned>(i))));
}

}  // namespace

void append_frame(std::string& to, opcode code, std::string_view payload, std::uint32_t key) {
    to.push_back(static_cast<char>(0x80U | static_cast<unsigned>(code)));
    const std::size_t size = payload.size();
    if (size < 126) {
        to.push_back(static_cast<char>(0x80U | size));
    } else if (size < 65536) {
        to.push_back(static_cast<char>(0x80U | 126U));
        append_big_endian(to, size, 2);
    } else {
        to.push_back(static_cast<char>(0x80U | 127U));
        append_big_endian(to, size, 8);
    }
    char mask[4];
    std::memcpy(mask, &key, sizeof mask);
    to.append(mask, sizeof mask);
    const std::size_t begin = to.size();
    to.append(payload);
    for (std::size_t i = 0; i < size; ++i) to[begin + i] = static_cast<char>(to[begin + i] ^ mask[i % 4]);
}

}  // namespace chatterlink::load
