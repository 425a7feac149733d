// For the tests of the media layer: images made byte by byte, and just enough reading to check what came out.
// Nothing here uses libvips, so what is checked is not checked with itself.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/vectors.hpp"

namespace chatterlink::media::testing {

/// Tests that need the plug-in. A build that was told to do without libvips has nothing to prove with them.
class image_processing : public ::testing::Test {
  protected:
    void SetUp() override {
#ifdef CHATTERLINK_WITHOUT_VIPS
        GTEST_SKIP() << "built without libvips";
#elif defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "the thread sanitizer cannot see the locks of libraries that were built without it";
#endif
    }
};

inline std::string fixture(const std::string& name) {
    return test::vector_file("images/" + name);
}

inline std::string big_endian(std::uint32_t n) {
    return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
            static_cast<char>(n)};
}
inline std::string little_endian_16(std::uint32_t n) {
    return {static_cast<char>(n), static_cast<char>(n >> 8)};
}

// --- JPEG ---

/// What begins a scan (SOS) of one component; of its bits, none.
inline const std::string jpeg_scan("\xff\xda\0\x08\1\1\0\1\x3f\0", 10);

/// Scans alone: nothing that could be shown.
inline std::string jpeg_of_scans(std::size_t scans) {
    std::string out = "\xff\xd8";
    while (scans-- > 0) out += jpeg_scan;
    return out + "\xff\xd9";
}

// --- PNG ---

inline std::uint32_t crc_32(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char byte : bytes) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

/// A zlib stream that stores instead of compressing (RFC 1950, RFC 1951 §3.2.4).
inline std::string zlib_stored(std::string_view bytes) {
    std::string out("\x78\x01", 2);
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char byte : bytes) {
        a = (a + static_cast<std::uint8_t>(byte)) % 65521;
        b = (b + a) % 65521;
    }
    do {
        const std::string_view block = bytes.substr(0, 65535);
        bytes.remove_prefix(block.size());
        out += bytes.empty() ? '\1' : '\0';
        const auto size = static_cast<std::uint32_t>(block.size());
        out.append(little_endian_16(size)).append(little_endian_16(~size)).append(block);
    } while (!bytes.empty());
    return out + big_endian(b << 16 | a);
}

inline std::string png_chunk(std::string_view type, std::string_view data) {
    const std::string body = std::string(type).append(data);
    return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(crc_32(body));
}

constexpr std::string_view png_signature{"\x89PNG\r\n\x1a\n", 8};

struct pixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    unsigned channels = 3;
    std::string bytes{};

    const char* at(std::uint32_t x, std::uint32_t y) const {
        return bytes.data() + (std::size_t{y} * width + x) * channels;
    }
};

/// No two neighbouring pixels alike, no symmetry: a wrong turn or mirror shows.
inline pixels pattern(std::uint32_t width, std::uint32_t height, unsigned channels = 3) {
    pixels made{width, height, channels};
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
            for (unsigned c = 0; c < channels; ++c)
                made.bytes += static_cast<char>(x * 7 + y * 3 + c * 50 + x * y / 9);
        }
    }
    return made;
}

/// `extra`: whole chunks to stand before the pixels.
inline std::string png_header(std::uint32_t width, std::uint32_t height, unsigned channels,
                              bool interlaced = false, unsigned bits = 8) {
    const char colour_type = channels == 1 ? 0 : channels == 2 ? 4 : channels == 3 ? 2 : 6;
    std::string header = big_endian(width) + big_endian(height);
    header += static_cast<char>(bits);
    header += {colour_type, '\0', '\0', static_cast<char>(interlaced ? 1 : 0)};
    return std::string(png_signature) + png_chunk("IHDR", header);
}

inline std::string png(const pixels& from, const std::string& extra = {}) {
    std::string rows;
    const std::size_t row = std::size_t{from.width} * from.channels;
    for (std::uint32_t y = 0; y < from.height; ++y) rows.append(1, '\0').append(from.at(0, y), row);
    return png_header(from.width, from.height, from.channels) + extra + png_chunk("IDAT", zlib_stored(rows)) +
           png_chunk("IEND", "");
}

/// An eXIf chunk with nothing but an orientation (TIFF 6.0, big-endian, one entry of type SHORT).
inline std::string png_orientation(char orientation) {
    std::string exif("MM\0\x2a\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0", 19);
    exif += orientation;
    exif.append(6, '\0');
    return png_chunk("eXIf", exif);
}

// --- GIF ---

/// Frames of one pixel each, as small as a GIF can be.
inline std::string gif_of_frames(std::size_t frames) {
    constexpr std::string_view frame{"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0", 15};
    std::string made("GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff", 19);
    for (std::size_t i = 0; i < frames; ++i) made += frame;
    return made + ';';
}

// --- reading ---

inline std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size, bool big) {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes.at(big ? at + i : at + size - 1 - i));
        n = n << 8 | byte;
    }
    return n;
}

using extent = std::pair<std::uint32_t, std::uint32_t>;

/// Width and height as the file's own header says; 0 × 0 when it is none of the four types.
inline extent size_of(std::string_view bytes) {
    if (bytes.starts_with(png_signature)) return {number(bytes, 16, 4, true), number(bytes, 20, 4, true)};
    if (bytes.starts_with("GIF8")) return {number(bytes, 6, 2, false), number(bytes, 8, 2, false)};
    if (bytes.starts_with("\xff\xd8")) {
        for (std::size_t at = 2; at + 9 < bytes.size(); at += 2 + number(bytes, at + 2, 2, true)) {
            const auto marker = static_cast<std::uint8_t>(bytes[at + 1]);
            if (marker == 0xc0 || marker == 0xc2)
                return {number(bytes, at + 7, 2, true), number(bytes, at + 5, 2, true)};
        }
    }
    if (bytes.starts_with("RIFF")) {
        const std::string_view kind = bytes.substr(12, 4);
        if (kind == "VP8X") return {number(bytes, 24, 3, false) + 1, number(bytes, 27, 3, false) + 1};
        if (kind == "VP8 ")
            return {number(bytes, 26, 2, false) & 0x3fff, number(bytes, 28, 2, false) & 0x3fff};
        if (kind == "VP8L") {
            const std::uint32_t bits = number(bytes, 21, 4, false);
            return {(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
        }
    }
    return {0, 0};
}

struct riff_chunk {
    std::string type;
    std::string data;
};

inline std::vector<riff_chunk> webp_chunks(std::string_view bytes) {
    std::vector<riff_chunk> chunks;
    for (std::size_t at = 12; at + 8 <= bytes.size();) {
        const std::uint32_t length = number(bytes, at + 4, 4, false);
        chunks.push_back({std::string(bytes.substr(at, 4)), std::string(bytes.substr(at + 8, length))});
        at += 8 + length + length % 2;
    }
    return chunks;
}

/// Milliseconds each frame of an animated WebP is shown.
inline std::vector<std::uint32_t> webp_delays(std::string_view bytes) {
    std::vector<std::uint32_t> delays;
    for (const riff_chunk& chunk : webp_chunks(bytes)) {
        if (chunk.type == "ANMF") delays.push_back(number(chunk.data, 12, 3, false));
    }
    return delays;
}

/// Milliseconds each frame of a GIF is shown (its graphic control extensions).
inline std::vector<std::uint32_t> gif_delays(std::string_view bytes) {
    constexpr std::string_view control{"\x21\xf9\x04", 3};
    std::vector<std::uint32_t> delays;
    for (std::size_t at = bytes.find(control); at != bytes.npos; at = bytes.find(control, at + 8)) {
        delays.push_back(number(bytes, at + 4, 2, false) * 10);
    }
    return delays;
}

/// A line of /proc/self/status in KiB, such as "VmRSS" or "VmHWM" (the peak).
inline std::optional<long> memory_kib(const std::string& what) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(what + ":")) return std::stol(line.substr(what.size() + 1));
    }
    return std::nullopt;
}

}  // namespace chatterlink::media::testing
