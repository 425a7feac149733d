// Uploaded images: what they are by content, and the clean copy that is served.
//
// The work is done by libvips in a plug-in (images_vips_plugin.cpp) that is loaded at the first upload, so that a
// server nobody uploads to does not carry libvips' memory and start-up time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace chatterlink::media {

struct limits {
    std::uint64_t max_pixels = 50'000'000;  // width × height × frames, read from the header before decoding
    std::uint32_t max_side = 16'384;        // width or height
    std::uint32_t max_frames = 500;         // of an animation
    std::uint32_t thumbnail_side = 640;     // the longer side of the smaller version
};

/// The media type the first bytes say ("image/png", "image/jpeg", "image/gif", "image/webp"), or "" for
/// anything else. Looks at bytes only, never at a file name.
std::string_view sniff(std::string_view bytes) noexcept;

/// The file ending for a type sniff() returns, with its dot (".png").
std::string_view extension_for(std::string_view type) noexcept;

struct image {
    std::string type;       // media type of `bytes`
    std::string bytes;      // decoded within limits and encoded anew: no metadata (EXIF, XMP, comments), no tail
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string thumbnail;  // encoded smaller version, same or another of the four types; empty when the image is small
    std::string thumbnail_type;
};

/// Decodes, checks and re-encodes. Blocking (tens of ms): call it on a worker thread, never on a shard.
/// Errors: upload_unsupported (not one of the four types), upload_invalid (broken, or beyond the limits).
/// Without libvips (CHATTERLINK_WITH_VIPS=OFF, or the plug-in is missing): internal, with a sentence that says so.
base::result<image> process(std::string_view bytes, const limits& bounds);

}  // namespace chatterlink::media
