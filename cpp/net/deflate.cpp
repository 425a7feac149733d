#include "net/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace chatterlink::net {
namespace {

// zlib's pointers are not const and its lengths are unsigned int.
Bytef* bytes_of(const char* at) noexcept {
    return reinterpret_cast<Bytef*>(const_cast<char*>(at));
}

uInt at_most_uint(std::size_t n) noexcept {
    return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

}  // namespace

deflate_counters& deflate_counts() noexcept {
    static deflate_counters instance;
    return instance;
}

// ---- Out ----

struct deflater::stream {
    z_stream z{};
};

deflater::deflater(int level, int mem_level, int window_bits) : stream_(std::make_unique<stream>()) {
    // Negative: raw, without zlib's own header.
    if (deflateInit2(&stream_->z, level, Z_DEFLATED, -window_bits, mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}

deflater::~deflater() {
    deflateEnd(&stream_->z);
}

void deflater::deflate(std::string_view message, std::string& out) {
    z_stream& z = stream_->z;
    deflateReset(&z);
    z.next_in = bytes_of(message.data());
    std::size_t left = message.size();
    const std::size_t before = out.size();
    std::size_t used = before;
    do {
        if (z.avail_in == 0) {
            z.avail_in = at_most_uint(left);
            left -= z.avail_in;
        }
        if (out.size() - used < 64) out.resize(used + std::max<std::size_t>(message.size() / 2, 512));
        const auto room = at_most_uint(out.size() - used);
        z.next_out = bytes_of(out.data() + used);
        z.avail_out = room;
        ::deflate(&z, left == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        used += room - z.avail_out;
    } while (left > 0 || z.avail_in > 0 || z.avail_out == 0);
    // The flush ended with an empty block, 00 00 ff ff, which the receiver puts there (RFC 7692 §7.2.1).
    out.resize(used - inflater::tail.size());
}

// ---- In ----

struct inflater::stream {
    z_stream z{};
};

inflater::inflater() : stream_(std::make_unique<stream>()) {
    if (inflateInit2(&stream_->z, -largest_window) != Z_OK) throw std::bad_alloc();
}

inflater::~inflater() {
    inflateEnd(&stream_->z);
}

void inflater::next_message(bool keep_window) {
    if (!keep_window) inflateReset(&stream_->z);
    untouched_ = true;
}

inflater::outcome inflater::step(std::string_view& in, std::span<char> room, std::size_t& made) {
    z_stream& z = stream_->z;
    made = 0;
    for (;;) {
        const auto given = at_most_uint(in.size());
        const auto space = at_most_uint(room.size() - made);
        if (given > 0) untouched_ = false;
        z.next_in = bytes_of(in.data());
        z.avail_in = given;
        z.next_out = bytes_of(room.data() + made);
        z.avail_out = space;
        const int result = ::inflate(&z, Z_SYNC_FLUSH);
        in.remove_prefix(given - z.avail_in);
        made += space - z.avail_out;
        if (result == Z_STREAM_END) {
            // A final block (BFINAL=1) does not end the message: more blocks may follow from the next byte
            // on, and may refer back over it (RFC 7692 §7.2.3.4). This begins anew and keeps the window, at
            // no cost: a message may be nothing but final blocks.
            inflateResetKeep(&z);
            untouched_ = true;
            if (!in.empty() && z.avail_out > 0) continue;
            return outcome::more;
        }
        if (result != Z_OK && result != Z_BUF_ERROR) return outcome::corrupt;
        if (!in.empty() && z.avail_out > 0 && given == z.avail_in) return outcome::corrupt;  // it is stuck
        if (in.empty() || z.avail_out == 0) return outcome::more;
    }
}

bool inflater::between_blocks() const noexcept {
    constexpr int unused_bits = 7;
    constexpr int after_block = 128;
    const int state = stream_->z.data_type;
    return untouched_ || ((state & after_block) != 0 && (state & unused_bits) == 0);
}

}  // namespace chatterlink::net
