// How often a heavy test repeats itself: CHATTERLINK_TEST_SCALE (a factor, 1 when not set) makes it less
// under sanitizers, which are ten times slower, and more for a soak. scripts/sanitize sets it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace chatterlink::test {

/// `count` times the factor, at least `least`.
inline std::size_t scaled(std::size_t count, std::size_t least = 1) {
    static const double factor = [] {
        const char* const text = std::getenv("CHATTERLINK_TEST_SCALE");
        const double given = text == nullptr ? 1.0 : std::strtod(text, nullptr);
        return given > 0 ? given : 1.0;
    }();
    return std::max(least, static_cast<std::size_t>(static_cast<double>(count) * factor));
}

}  // namespace chatterlink::test
