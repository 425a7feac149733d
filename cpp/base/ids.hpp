// Identifiers: unguessable ones from libsodium's generator, and sortable message ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/shards.hpp"

namespace chatterlink::base {

/// Must be called once before the others; safe to call again. Throws failure if no random source exists.
void init_random();

/// A number below `bound` that nobody can guess. Any thread.
std::uint32_t random_below(std::uint32_t bound);

/// `bytes` random bytes as base64url without padding (20 bytes: 160 bits in 27 characters). Any thread.
std::string random_token(std::size_t bytes);

/// The same, then four hexadecimal digits that say on which shard of this process the thing named so lives.
std::string random_token_of(shard_id where, std::size_t bytes);
/// What those digits say; no_shard for what cannot end in them. The shard need not exist.
shard_id shard_in_token(std::string_view token) noexcept;

/// A ULID: 48 bits of wall-clock milliseconds, then 80 random bits, 26 characters that sort by time of
/// making. Two made by one thread sort in the order made even within a millisecond and when the clock is set
/// back.
std::string sortable_id();

}  // namespace chatterlink::base
