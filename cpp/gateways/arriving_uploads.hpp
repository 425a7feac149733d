// What the bodies of uploads may take of the memory while they arrive, in all and from one household.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "net/http.hpp"

namespace chatterlink::gateways {

struct arriving_bounds {
    std::uint64_t all = 256 * 1024 * 1024;      // bytes that are announced or may come (chunked)
    std::uint64_t from_one = 64 * 1024 * 1024;  // of that from one household
    base::milliseconds retry_after{2'000};      // what a refused one is told
};

/// Thread-safe. A body that is alone is taken whatever its size: the limit of one upload is another rule.
class arriving_uploads {
  public:
    explicit arriving_uploads(arriving_bounds bounds = {}) : bounds_(bounds) {}

    /// Whether one more of that size may come.
    bool has_room(const std::string& household, std::uint64_t bytes) const;

    /// Counts it until the watch is destroyed, which must be before this is.
    std::unique_ptr<net::body_watch> expect(std::string household, std::uint64_t bytes);

    const arriving_bounds& bounds() const noexcept { return bounds_; }

  private:
    class place;
    void gone(const std::string& household, std::uint64_t bytes);

    const arriving_bounds bounds_;
    mutable std::mutex mutex_;
    std::uint64_t bytes_ = 0;
    std::unordered_map<std::string, std::uint64_t> by_household_;  // those from whom something comes
};

}  // namespace chatterlink::gateways
