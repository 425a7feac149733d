// The open loop: when each message is due, whatever the server does with the ones before. A latency counts
// from that time, so a server that stalls cannot hide it by holding the sender up (coordinated omission).
#pragma once

#include <cstdint>

#include "load/clock.hpp"

namespace chatterlink::load {

/// Message 0, 1, 2 … of all senders together, at equal distances from `start`; the senders take turns.
class schedule {
  public:
    /// `rate`: messages a second in all, above 0; `senders`: at least 1.
    schedule(nanoseconds start, double rate, std::uint32_t senders) noexcept
        : start_(start), rate_(rate), senders_(senders) {}

    /// When the next message is due. Computed from its number, so that no rounding adds up.
    nanoseconds due() const noexcept {
        return start_ + static_cast<nanoseconds>(static_cast<double>(number_) *
                                                 static_cast<double>(one_second) / rate_);
    }
    std::uint32_t sender() const noexcept { return static_cast<std::uint32_t>(number_ % senders_); }
    void advance() noexcept { ++number_; }

  private:
    nanoseconds start_;
    double rate_;
    std::uint32_t senders_;
    std::uint64_t number_ = 0;
};

}  // namespace chatterlink::load
