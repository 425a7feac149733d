#include "media/containers.hpp"

#include <cstddef>
#include <cstring>

namespace chatterlink::media {

namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint32_t big_endian_32(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(byte_at(bytes, at)) << 24 |
           static_cast<std::uint32_t>(byte_at(bytes, at + 1)) << 16 |
           static_cast<std::uint32_t>(byte_at(bytes, at + 2)) << 8 | byte_at(bytes, at + 3);
}

std::uint32_t little_endian_32(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(byte_at(bytes, at + 3)) << 24 |
           static_cast<std::uint32_t>(byte_at(bytes, at + 2)) << 16 |
           static_cast<std::uint32_t>(byte_at(bytes, at + 1)) << 8 | byte_at(bytes, at);
}

}  // namespace

// A chunk is: length (4 bytes, big-endian), type (4), data (length), CRC (4). PNG specification, third
// edition, §5.3.
std::optional<std::string> png_without_text(std::string_view bytes) {
    constexpr std::size_t signature = 8;
    constexpr std::size_t around_data = 12;
    if (bytes.size() < signature) return std::nullopt;

    std::optional<std::string> kept;
    std::size_t copied = 0;  // up to here `kept` is complete
    std::size_t at = signature;
    while (bytes.size() - at >= around_data) {
        const std::size_t length = big_endian_32(bytes, at);
        if (length > bytes.size() - at - around_data) break;
        const std::size_t next = at + around_data + length;
        const std::string_view type = bytes.substr(at + 4, 4);
        if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
            if (!kept) kept.emplace().reserve(bytes.size());
            kept->append(bytes.substr(copied, at - copied));
            copied = next;
        }
        at = next;
    }
    if (kept) kept->append(bytes.substr(copied));
    return kept;
}

// A segment is 0xFF, its marker, a length of two bytes that counts itself, and data; some markers stand
// alone. After a scan's segment (SOS) come its bits, in which 0xFF is followed by zero or by a restart
// marker.
std::uint64_t count_jpeg_scans(std::string_view bytes) noexcept {
    constexpr std::uint8_t start_of_image = 0xD8, end_of_image = 0xD9, start_of_scan = 0xDA;
    std::uint64_t scans = 0;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const void* const found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - at);
        if (found == nullptr) break;
        at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        while (at < bytes.size() && byte_at(bytes, at) == 0xFF) ++at;  // any number may come before a marker
        if (at == bytes.size()) break;
        const std::uint8_t marker = byte_at(bytes, at++);
        if (marker == end_of_image) break;
        const bool alone = marker <= 0x01 || (marker >= 0xD0 && marker <= start_of_image);
        if (alone) continue;
        if (bytes.size() - at < 2) break;
        at += std::size_t{byte_at(bytes, at)} << 8 | byte_at(bytes, at + 1);
        if (marker == start_of_scan) ++scans;
    }
    return scans;
}

gif_outline outline_gif(std::string_view bytes) noexcept {
    constexpr std::size_t header = 13;  // signature and logical screen descriptor
    gif_outline outline;
    std::size_t at = 0;
    const auto left = [&] { return bytes.size() - at; };
    const auto skip = [&](std::size_t n) {
        if (left() < n) return false;
        at += n;
        return true;
    };
    const auto skip_colours = [&](std::uint8_t flags) {
        return (flags & 0x80) == 0 || skip(std::size_t{6} << (flags & 7));
    };
    // Sub-blocks: a length byte and that many bytes, until a length of zero.
    const auto skip_sub_blocks = [&] {
        while (left() > 0) {
            const std::uint8_t length = byte_at(bytes, at++);
            if (length == 0) return true;
            if (!skip(length)) return false;
        }
        return false;
    };

    if (!skip(header) || !skip_colours(byte_at(bytes, 10))) return outline;
    while (left() > 0) {
        switch (byte_at(bytes, at++)) {
            case 0x21:  // extension: its label, then sub-blocks
                if (!skip(1) || !skip_sub_blocks()) return outline;
                break;
            case 0x2c: {  // image: descriptor, local colours, LZW code size, sub-blocks
                if (!skip(9) || !skip_colours(byte_at(bytes, at - 1)) || !skip(1) || !skip_sub_blocks())
                    return outline;
                ++outline.frames;
                break;
            }
            case 0x3b:  // trailer; what follows is no part of the image and vanishes with the new encoding
                outline.whole = true;
                return outline;
            default:
                return outline;
        }
    }
    outline.whole = true;
    return outline;
}

// RIFF: "RIFF", size of the rest (4 bytes, little-endian), "WEBP"; then chunks: type (4), length (4), data,
// padded to an even length. VP8X, when there, is first; its flags say which metadata follows. RFC 9649 §2.7.
bool remove_webp_metadata(std::string& bytes) {
    constexpr std::size_t riff_header = 12;
    constexpr std::size_t chunk_header = 8;
    constexpr unsigned metadata_flags = 0x20 | 0x08 | 0x04;  // ICC, EXIF, XMP
    if (bytes.size() < riff_header || little_endian_32(bytes, 4) != bytes.size() - chunk_header) return false;

    std::size_t from = riff_header;
    std::size_t to = riff_header;  // behind `from` once something was taken out
    while (from < bytes.size()) {
        if (bytes.size() - from < chunk_header) return false;
        const std::size_t length = little_endian_32(bytes, from + 4);
        const std::size_t whole = chunk_header + length + length % 2;
        if (whole > bytes.size() - from) return false;
        const std::string_view type = std::string_view(bytes).substr(from, 4);
        if (type == "EXIF" || type == "XMP " || type == "ICCP") {
            from += whole;
            continue;
        }
        if (type == "VP8X" && length > 0) {
            char& flags = bytes[from + chunk_header];
            flags = static_cast<char>(static_cast<unsigned char>(flags) & ~metadata_flags);
        }
        if (to != from) std::memmove(bytes.data() + to, bytes.data() + from, whole);
        from += whole;
        to += whole;
    }
    bytes.resize(to);
    const std::size_t size = to - chunk_header;
    for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(size >> (8 * i) & 0xff);
    return true;
}

}  // namespace chatterlink::media
