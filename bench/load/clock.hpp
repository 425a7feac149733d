// The one clock of a measurement: CLOCK_MONOTONIC in nanoseconds, which also travels in the messages.
#pragma once

#include <time.h>

#include <cstdint>

namespace chatterlink::load {

using nanoseconds = std::int64_t;

inline constexpr nanoseconds one_second = 1'000'000'000;
inline constexpr nanoseconds one_millisecond = 1'000'000;

inline nanoseconds now_ns() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * one_second + t.tv_nsec;
}

inline nanoseconds from_seconds(double seconds) noexcept {
    return static_cast<nanoseconds>(seconds * static_cast<double>(one_second));
}

inline double to_seconds(nanoseconds t) noexcept {
    return static_cast<double>(t) / static_cast<double>(one_second);
}

}  // namespace chatterlink::load
