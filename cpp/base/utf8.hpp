// Whether bytes are UTF-8 (RFC 3629), piece by piece: a character may be split anywhere, and the first byte
// that cannot belong is found as soon as it is there (RFC 6455 §8.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace chatterlink::base {

class utf8_checker {
  public:
    /// False once what was fed up to now cannot become valid, whatever follows.
    bool feed(std::string_view bytes) noexcept;

    /// Whether what was fed ends with a whole character.
    bool complete() const noexcept { return missing_ == 0; }

    void reset() noexcept { *this = {}; }

  private:
    bool begin(unsigned char first) noexcept;

    // Of the character that has begun: how many bytes are to come, and what the next may be (overlong forms,
    // surrogates and what lies beyond U+10FFFF show in the second byte).
    std::uint8_t missing_ = 0;
    std::uint8_t least_ = 0x80;
    std::uint8_t most_ = 0xbf;
};

/// Whether the whole of it is UTF-8.
inline bool is_utf8(std::string_view text) noexcept {
    utf8_checker check;
    return check.feed(text) && check.complete();
}

}  // namespace chatterlink::base
