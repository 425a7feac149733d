// Token buckets: how often somebody may do something. No clock inside: the time is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace chatterlink::chat {

/// So many per second in the long run, and so many at once after a pause.
struct rate_limit {
    double per_second = 1;
    std::uint32_t burst = 1;
};

/// The defaults: a person never meets them, a flooding program does within seconds.
struct rate_limits {
    rate_limit messages{25, 150};
    rate_limit joins{5, 40};
    rate_limit uploads{5, 60};
    rate_limit typing{5, 20};
    rate_limit events{200, 2000};  // of all kinds, refused ones too: who sends more is closed
};

/// One bucket, 16 bytes, no allocation. Not thread-safe: it belongs to the shard of its connection.
/// Instead of counting tokens it keeps the moment at which it will be full again (the "virtual scheduling"
/// form of the generic cell rate algorithm, ITU-T I.371), so nothing has to be refilled.
class token_bucket {
  public:
    /// Full at first. A rate is held between one per hour and one per nanosecond, a burst between 1 and
    /// 1,000,000.
    explicit token_bucket(rate_limit limit) noexcept;

    /// Takes one token: nothing when there was one, else how long (at least 1 ms) until there will be one,
    /// and nothing is taken. A `now` earlier than the last one gains nothing.
    std::optional<base::milliseconds> take(base::steady_time now) noexcept;

    /// When it is full again if nothing more is taken; in the past when it already is.
    base::steady_time full_at() const noexcept { return full_at_; }

  private:
    std::uint64_t interval_ : 44;  // nanoseconds between two tokens
    std::uint64_t burst_ : 20;
    base::steady_time full_at_{base::steady_time::min()};
};

/// One bucket for each key, for example for each address that uploads. Thread-safe.
/// Bounded: when another key would be too many, buckets that are full again are forgotten (that changes
/// nothing for their keys), and if none is, the ones that are next to be full.
class keyed_rate_limiter {
  public:
    static constexpr std::size_t default_key_limit = 10'000;

    explicit keyed_rate_limiter(rate_limit limit, std::size_t key_limit = default_key_limit);

    /// As token_bucket::take, for the bucket of `key`.
    std::optional<base::milliseconds> take(std::string_view key, base::steady_time now);

    /// How many keys are remembered now; never more than the limit (at least 1).
    std::size_t size() const;

  private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const noexcept {
            return std::hash<std::string_view>{}(key);
        }
    };

    void make_room(base::steady_time now);

    const rate_limit limit_;
    const std::size_t key_limit_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, token_bucket, hash, std::equal_to<>> buckets_;
};

}  // namespace chatterlink::chat
