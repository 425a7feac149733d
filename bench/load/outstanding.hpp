// When the messages were due that wait for their acknowledgement.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "load/clock.hpp"

namespace chatterlink::load {

/// By sequence number, in a ring that grows with how many are open at a time, not with how many there are in
/// all.
class outstanding {
  public:
    void add(std::uint32_t seq, nanoseconds due) {
        if (ring_.empty()) ring_.resize(least);
        while (ring_[place(seq)].seq != 0 && ring_.size() < most) grow();
        ring_[place(seq)] = {seq, due};
    }

    /// When it was due, once; nothing when it is not open.
    std::optional<nanoseconds> take(std::uint32_t seq) noexcept {
        if (ring_.empty() || seq == 0 || ring_[place(seq)].seq != seq) return std::nullopt;
        ring_[place(seq)].seq = 0;
        return ring_[place(seq)].due;
    }

    /// With so many open the oldest are forgotten: they count as not acknowledged.
    static constexpr std::size_t most = std::size_t{1} << 20U;

  private:
    static constexpr std::size_t least = 8;

    struct entry {
        std::uint32_t seq = 0;  // 0: free
        nanoseconds due = 0;
    };

    std::size_t place(std::uint32_t seq) const noexcept { return seq & (ring_.size() - 1); }

    void grow() {
        std::vector<entry> larger(2 * ring_.size());
        for (const auto& each : ring_) {
            if (each.seq != 0) larger[each.seq & (larger.size() - 1)] = each;
        }
        ring_.swap(larger);
    }

    std::vector<entry> ring_;
};

}  // namespace chatterlink::load
