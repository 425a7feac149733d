// Latencies, counted in buckets of bounded relative width (as HdrHistogram does it): recording is a shift and
// an increment, memory is the same however many are recorded.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace chatterlink::load {

/// Values from 0 to about 18 minutes in nanoseconds, each kept to 1/128 (0.8 %) of itself. What is negative
/// counts as 0, what is longer as the longest.
class histogram {
  public:
    void record(std::int64_t value) noexcept {
        const auto v = value < 0 ? 0U : static_cast<std::uint64_t>(value);
        ++counts_[index_of(v)];
        ++count_;
        if (v > max_) max_ = v;
    }

    std::uint64_t count() const noexcept { return count_; }

    /// The largest value recorded, exactly; 0 when there is none.
    std::uint64_t max() const noexcept { return max_; }

    /// The smallest value, rounded up to its bucket's end, that `share` (0 to 1) of all recorded ones do not
    /// exceed; never more than max(). 0 when nothing is recorded.
    std::uint64_t quantile(double share) const noexcept;

  private:
    static constexpr unsigned precision_bits = 7;
    static constexpr unsigned value_bits = 40;
    static constexpr std::uint64_t sub_buckets = 1U << precision_bits;
    static constexpr std::uint64_t largest = (std::uint64_t{1} << value_bits) - 1;

    // Values below 128 have a bucket each; then every power of two has 128 of them.
    static constexpr std::size_t index_of(std::uint64_t v) noexcept {
        if (v < sub_buckets) return v;
        if (v > largest) v = largest;
        const auto shift = static_cast<unsigned>(std::bit_width(v)) - precision_bits - 1;
        return (std::size_t{shift} << precision_bits) + (v >> shift);
    }
    static constexpr std::uint64_t end_of(std::size_t index) noexcept {
        if (index < 2 * sub_buckets) return index;
        const auto shift = (index >> precision_bits) - 1;
        return ((index - (shift << precision_bits) + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (value_bits - precision_bits + 1) * sub_buckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace chatterlink::load
