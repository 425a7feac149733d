#include "load/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace chatterlink::load {

std::uint64_t histogram::quantile(double share) const noexcept {
    if (count_ == 0) return 0;
    const auto wanted = std::clamp(static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))),
                                   std::uint64_t{1}, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen >= wanted) return std::min(end_of(i), max_);
    }
    return max_;
}

}  // namespace chatterlink::load
