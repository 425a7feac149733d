#include "base/utf8.hpp"

#include <cstring>

namespace chatterlink::base {

bool utf8_checker::begin(unsigned char first) noexcept {
    least_ = 0x80;
    most_ = 0xbf;
    if (first < 0x80) return true;
    if (first < 0xc2) return false;  // a continuation, or an overlong form of ASCII
    if (first < 0xe0) {
        missing_ = 1;
    } else if (first < 0xf0) {
        missing_ = 2;
        if (first == 0xe0) least_ = 0xa0;  // below: overlong
        if (first == 0xed) most_ = 0x9f;   // above: surrogates
    } else if (first < 0xf5) {
        missing_ = 3;
        if (first == 0xf0) least_ = 0x90;  // below: overlong
        if (first == 0xf4) most_ = 0x8f;   // above: beyond U+10FFFF
    } else {
        return false;
    }
    return true;
}

bool utf8_checker::feed(std::string_view bytes) noexcept {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        if (missing_ == 0) {
            // Nearly everything is ASCII: eight bytes at a time.
            std::uint64_t eight = 0;
            while (end - at >= 8) {
                std::memcpy(&eight, at, 8);
                if ((eight & 0x8080808080808080U) != 0) break;
                at += 8;
            }
            if (at == end) break;
            if (!begin(static_cast<unsigned char>(*at++))) return false;
        } else {
            const auto next = static_cast<unsigned char>(*at++);
            if (next < least_ || next > most_) return false;
            least_ = 0x80;
            most_ = 0xbf;
            --missing_;
        }
    }
    return true;
}

}  // namespace chatterlink::base
