#include "load/sequence_checker.hpp"

namespace chatterlink::load {

arrival sequence_checker::out_of_order(std::size_t stream, std::uint32_t seq) {
    auto& next = next_[stream];
    if (seq > next) {
        auto& missing = gaps_[stream];
        missing.emplace(next, seq - 1);
        if (missing.size() > max_gaps) missing.erase(missing.begin());
        next = seq + 1;
        return arrival::ahead;
    }
    const auto some = gaps_.find(stream);
    if (some == gaps_.end()) return arrival::duplicate;
    auto& missing = some->second;
    auto gap = missing.upper_bound(seq);
    if (gap == missing.begin()) return arrival::duplicate;
    --gap;
    const auto [first, last] = *gap;
    if (seq > last) return arrival::duplicate;
    missing.erase(gap);
    if (first < seq) missing.emplace(first, seq - 1);
    if (seq < last) missing.emplace(seq + 1, last);
    return arrival::late;
}

}  // namespace chatterlink::load
