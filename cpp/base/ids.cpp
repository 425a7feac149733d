#include "base/ids.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <span>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace chatterlink::base {

namespace {

// Random bytes of this thread, asked of the system for many at a time and each used once.
struct random_stock {
    std::array<unsigned char, 512> bytes{};
    std::size_t used = sizeof bytes;
};
thread_local random_stock stock;

void fill_with_random(std::span<unsigned char> out) {
    if (out.size() > stock.bytes.size()) return randombytes_buf(out.data(), out.size());
    if (out.size() > stock.bytes.size() - stock.used) {
        randombytes_buf(stock.bytes.data(), stock.bytes.size());
        stock.used = 0;
    }
    const auto taken = std::span(stock.bytes).subspan(stock.used, out.size());
    std::copy(taken.begin(), taken.end(), out.begin());
    sodium_memzero(taken.data(), taken.size());  // who reads our memory later does not learn the past
    stock.used += out.size();
}

constexpr std::size_t shard_digits = 4;
constexpr std::string_view hexadecimal = "0123456789abcdef";

// Base64url of so many random bytes, in a string with `room` for that many characters more.
std::string random_text(std::size_t bytes, std::size_t room) {
    std::string text;
    if (bytes == 0) return text;  // randombytes_buf wants an address even then
    boost::container::small_vector<unsigned char, 32> raw(bytes);
    fill_with_random(raw);
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    const auto with_end = sodium_base64_encoded_len(bytes, variant);
    text.reserve(std::max(with_end, with_end - 1 + room));
    text.resize(with_end);
    sodium_bin2base64(text.data(), text.size(), raw.data(), raw.size(), variant);
    text.resize(text.find('\0'));
    return text;
}

// A forked child, which has this thread alone, must not go on with its parent's.
void after_fork() {
    stock.used = stock.bytes.size();
}

}  // namespace

void init_random() {
    if (sodium_init() < 0) throw failure(fail(errc::internal, "no secure random source on this machine"));
    static const int told = pthread_atfork(nullptr, nullptr, &after_fork);
    if (told != 0) throw failure(fail(errc::internal, "no memory for a handler of fork()"));
}

std::uint32_t random_below(std::uint32_t bound) {
    return randombytes_uniform(bound);
}

std::string random_token(std::size_t bytes) {
    return random_text(bytes, 0);
}

std::string random_token_of(shard_id where, std::size_t bytes) {
    std::string token = random_text(bytes, shard_digits);
    for (std::size_t i = shard_digits; i-- > 0;) token.push_back(hexadecimal[(where >> (4 * i)) & 0xf]);
    return token;
}

shard_id shard_in_token(std::string_view token) noexcept {
    if (token.size() <= shard_digits) return no_shard;
    shard_id where = 0;
    for (const char c : token.substr(token.size() - shard_digits)) {
        const auto digit = hexadecimal.find(c);
        if (digit == std::string_view::npos) return no_shard;
        where = where * 16 + static_cast<shard_id>(digit);
    }
    return where;
}

std::string sortable_id() {
    static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford base 32
    struct state {
        std::int64_t time = 0;
        std::array<unsigned char, 10> random{};
    };
    thread_local state last;

    const std::int64_t now = wall_now_ms();
    if (now > last.time) {
        last.time = now;
        fill_with_random(last.random);
        last.random[0] &= 0x7f;  // room to count up within one millisecond
    } else {
        for (std::size_t i = last.random.size(); i-- > 0;) {
            if (++last.random[i] != 0) break;
        }
    }
    std::string id(26, '0');
    auto time = static_cast<std::uint64_t>(last.time);
    for (std::size_t i = 10; i-- > 0; time >>= 5) id[i] = alphabet[time & 31];
    // 80 bits are sixteen groups of five.
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 10;
    for (const unsigned char byte : last.random) {
        bits = (bits << 8) | byte;
        held += 8;
        while (held >= 5) {
            held -= 5;
            id[at++] = alphabet[(bits >> held) & 31];
        }
    }
    return id;
}

}  // namespace chatterlink::base
