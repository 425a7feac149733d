#include "base/ids.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace chatterlink::base {

void init_random() {
    if (sodium_init() < 0) throw failure(fail(errc::internal, "no secure random source on this machine"));
}

std::string random_token(std::size_t bytes) {
    if (bytes == 0) return {};  // randombytes_buf wants an address even then
    std::vector<unsigned char> raw(bytes);
    randombytes_buf(raw.data(), raw.size());
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes, variant), '\0');
    sodium_bin2base64(text.data(), text.size(), raw.data(), raw.size(), variant);
    text.resize(text.find('\0'));
    return text;
}

std::string sortable_id() {
    static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford base 32
    struct state {
        std::int64_t time = 0;
        std::array<unsigned char, 10> random{};
    };
    thread_local state last;

    const std::int64_t now = wall_now_ms();
    if (now > last.time) {
        last.time = now;
        randombytes_buf(last.random.data(), last.random.size());
        last.random[0] &= 0x7f;  // room to count up within one millisecond
    } else {
        for (std::size_t i = last.random.size(); i-- > 0;) {
            if (++last.random[i] != 0) break;
        }
    }
    std::string id(26, '0');
    auto time = static_cast<std::uint64_t>(last.time);
    for (std::size_t i = 10; i-- > 0; time >>= 5) id[i] = alphabet[time & 31];
    // 80 bits are sixteen groups of five.
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 10;
    for (const unsigned char byte : last.random) {
        bits = (bits << 8) | byte;
        held += 8;
        while (held >= 5) {
            held -= 5;
            id[at++] = alphabet[(bits >> held) & 31];
        }
    }
    return id;
}

}  // namespace chatterlink::base
