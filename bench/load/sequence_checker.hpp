// Whether every member got every message of each sender, once and in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace chatterlink::load {

/// How an arriving message stands to those before it (of the same sender, at the same receiver).
enum class arrival : std::uint8_t {
    in_order,
    ahead,      // some before it have not come (yet); it counts as delivered
    late,       // it was missing, and later ones came first: out of order; it counts as delivered
    duplicate,  // it came before
};

/// One sequence, 1, 2, 3 …, for each stream; a stream is one sender as one receiver sees it. A message in
/// order costs a comparison and an increment; only what is missing takes memory. What has not come at all is
/// for the caller to count: it knows what was sent.
class sequence_checker {
  public:
    explicit sequence_checker(std::size_t streams) : next_(streams, 1) {}

    arrival arrived(std::size_t stream, std::uint32_t seq) {
        auto& next = next_[stream];
        if (seq == next) {
            ++next;
            return arrival::in_order;
        }
        return out_of_order(stream, seq);
    }

    /// How many gaps of a stream are remembered. The oldest beyond that are forgotten: what was missing there
    /// counts as a duplicate should it come after all.
    static constexpr std::size_t max_gaps = 1024;

  private:
    using gaps = std::map<std::uint32_t, std::uint32_t>;  // first missing -> last missing

    arrival out_of_order(std::size_t stream, std::uint32_t seq);

    std::vector<std::uint32_t> next_;
    std::unordered_map<std::size_t, gaps> gaps_;  // of the streams that have some
};

}  // namespace chatterlink::load
