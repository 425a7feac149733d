#include "base/utf8.hpp"

#include <cstddef>

namespace chatterlink::base {

bool is_utf8(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned char first = at(i);
        if (first < 0x80) {
            ++i;
            continue;
        }
        const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4 || text.size() - i <= more) return false;
        const unsigned char second = at(i + 1);
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
            return false;
        }
        for (std::size_t n = 1; n <= more; ++n) {
            if ((at(i + n) & 0xc0) != 0x80) return false;
        }
        i += more + 1;
    }
    return true;
}

}  // namespace chatterlink::base
