#include "chat/rate_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace chatterlink::chat {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint32_t max_burst = 1'000'000;
// Times max_burst this is 114 years, which still fits a steady_time's 63 bits of nanoseconds.
constexpr nanoseconds max_interval = std::chrono::hours(1);

nanoseconds interval_of(double per_second) noexcept {
    if (!(per_second > 0)) return max_interval;  // also NaN
    const double ns = 1e9 / per_second;
    if (ns >= static_cast<double>(max_interval.count())) return max_interval;
    return std::max(nanoseconds{1}, nanoseconds{std::llround(ns)});
}

}  // namespace

static_assert(sizeof(token_bucket) <= 16);
static_assert(max_burst < (1U << 20) && max_interval.count() < (std::int64_t{1} << 44));

token_bucket::token_bucket(rate_limit limit) noexcept
    : interval_(static_cast<std::uint64_t>(interval_of(limit.per_second).count())),
      burst_(std::clamp<std::uint32_t>(limit.burst, 1, max_burst)) {}

std::optional<base::milliseconds> token_bucket::take(base::steady_time now) noexcept {
    const nanoseconds interval(interval_);
    const auto next = std::max(full_at_, now) + interval;
    const auto limit = now + interval * static_cast<std::int64_t>(burst_);
    if (next > limit) return std::chrono::ceil<base::milliseconds>(next - limit);
    full_at_ = next;
    return std::nullopt;
}

keyed_rate_limiter::keyed_rate_limiter(rate_limit limit, std::size_t key_limit)
    : limit_(limit), key_limit_(std::max<std::size_t>(1, key_limit)) {}

std::optional<base::milliseconds> keyed_rate_limiter::take(std::string_view key, base::steady_time now) {
    const std::lock_guard lock(mutex_);
    auto found = buckets_.find(key);
    if (found == buckets_.end()) {
        if (buckets_.size() >= key_limit_) make_room(now);
        found = buckets_.emplace(std::string(key), token_bucket(limit_)).first;
    }
    return found->second.take(now);
}

std::size_t keyed_rate_limiter::size() const {
    const std::lock_guard lock(mutex_);
    return buckets_.size();
}

// Looks at every key, so it makes room for many at a time: a stream of ever new keys pays for it once in a
// while.
void keyed_rate_limiter::make_room(base::steady_time now) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full_at() <= now; });
    const std::size_t keep = key_limit_ - std::max<std::size_t>(1, key_limit_ / 16);
    if (buckets_.size() <= keep) return;

    std::vector<base::steady_time> times;
    times.reserve(buckets_.size());
    for (const auto& [key, bucket] : buckets_) times.push_back(bucket.full_at());
    std::size_t surplus = buckets_.size() - keep;
    const auto last = times.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
    std::nth_element(times.begin(), last, times.end());
    const auto threshold = *last;
    std::erase_if(buckets_, [&](const auto& entry) {
        if (surplus == 0 || entry.second.full_at() > threshold) return false;
        --surplus;
        return true;
    });
}

}  // namespace chatterlink::chat
