#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace chatterlink::fuzzing {

void require(bool holds, const char* rule) {
    if (holds) return;
    std::fprintf(stderr, "broken rule: %s\n", rule);
    std::abort();
}

bool inside(std::string_view part, std::string_view whole) noexcept {
    const std::less_equal<const char*> not_after;
    return part.empty() || (not_after(whole.data(), part.data()) &&
                            not_after(part.data() + part.size(), whole.data() + whole.size()));
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t more = lead < 0x80       ? 0
                                 : lead >> 5 == 6  ? 1
                                 : lead >> 4 == 14 ? 2
                                 : lead >> 3 == 30 ? 3
                                                   : 9;
        if (more == 9 || text.size() - i <= more) return false;
        std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if (next >> 6 != 2) return false;
            point = point << 6 | (next & 0x3fU);
        }
        constexpr std::uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
        if (point < smallest[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
        i += more + 1;
    }
    return true;
}

std::string_view cutter::next() noexcept {
    state_ = state_ * 1664525 + 1013904223;
    // Mostly single bytes and short pieces: those are where a decoder has the most states.
    const std::uint32_t choice = state_ >> 24;
    const std::size_t wanted = choice < 128   ? 1
                               : choice < 224 ? 1 + (choice & 15)
                                              : 1 + (state_ >> 20 & 1023);
    const auto piece = left_.substr(0, std::min(wanted, left_.size()));
    left_.remove_prefix(piece.size());
    return piece;
}

}  // namespace chatterlink::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatterlink::fuzzing::fuzz({reinterpret_cast<const char*>(data), size});
    return 0;
}
