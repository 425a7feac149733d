// Time. Timers and rate limits run on the steady clock; the wall clock only stamps messages, so setting it
// back or forward changes no order and no deadline.
#pragma once

#include <chrono>
#include <cstdint>

namespace chatterlink::base {

using steady_time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

inline steady_time steady_now() noexcept {
    return std::chrono::steady_clock::now();
}

/// Milliseconds since 1970-01-01T00:00Z.
inline std::int64_t wall_now_ms() noexcept {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace chatterlink::base
