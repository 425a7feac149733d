#include "load/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "load/errors.hpp"
#include "load/websocket_frames.hpp"

namespace chatterlink::load {
namespace {

constexpr std::size_t places = 1024;           // a power of two
constexpr std::size_t most_remembered = 4096;  // bytes of a message
constexpr std::size_t inflated_at_a_time = 65536;

// Where a message is remembered. All of it counts: two may differ in a digit only.
std::size_t place_of(std::string_view compressed) noexcept {
    std::uint64_t hash = compressed.size();
    for (std::size_t at = 0; at < compressed.size(); at += sizeof hash) {
        std::uint64_t word = 0;
        std::memcpy(&word, compressed.data() + at, std::min(sizeof word, compressed.size() - at));
        hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 32U;
    }
    return hash % places;
}

}  // namespace

struct inflater::stream {
    z_stream z{};
};

inflater::inflater()
    : stream_(std::make_unique<stream>()), latest_(places), buffer_(inflated_at_a_time, '\0') {
    if (::inflateInit2(&stream_->z, -MAX_WBITS) != Z_OK) throw could_not_run("zlib has no memory");
}

inflater::~inflater() {
    ::inflateEnd(&stream_->z);
}

std::optional<std::string_view> inflater::inflate(std::string_view compressed) {
    auto& place = latest_[place_of(compressed)];
    if (place.compressed == compressed && !compressed.empty()) return place.text;
    ++inflated_;
    place.compressed.clear();
    if (!inflate_into(compressed, place.text)) return std::nullopt;
    if (compressed.size() <= most_remembered) place.compressed = compressed;
    return place.text;
}

bool inflater::inflate_into(std::string_view compressed, std::string& text) {
    text.clear();
    auto& z = stream_->z;
    ::inflateReset(&z);
    // The sender cut off the last four bytes (§7.2.1).
    for (const auto part : {compressed, std::string_view("\x00\x00\xff\xff", 4)}) {
        z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
        z.avail_in = static_cast<uInt>(part.size());
        do {
            z.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            z.avail_out = static_cast<uInt>(buffer_.size());
            const int done = ::inflate(&z, Z_SYNC_FLUSH);
            text.append(buffer_.data(), buffer_.size() - z.avail_out);
            if (done == Z_STREAM_END) return true;  // a final block: nothing follows
            if (done != Z_OK && done != Z_BUF_ERROR) return false;
            if (text.size() > max_frame_payload) return false;
        } while (z.avail_out == 0);
        if (z.avail_in != 0) return false;
    }
    return true;
}

}  // namespace chatterlink::load
