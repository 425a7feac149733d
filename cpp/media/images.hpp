// Uploaded images: what they are by content, and the clean copy that is served.
//
// The work is done by libvips in a plug-in (images_vips_plugin.cpp, images_plugin.hpp) that is loaded at the
// first upload, so that a server nobody uploads to does not carry libvips' memory and start-up time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace chatterlink::media {

struct limits {
    // Width × height × frames, read from the header before decoding. Half of it holds for 16 bits per channel
    // and for one frame of WebP or interlaced PNG, which take twice the memory; then work stays below some
    // 400 MB.
    std::uint64_t max_pixels = 50'000'000;
    std::uint32_t max_side = 16'384;     // width or height, in pixels; WebP itself ends at 16,383
    std::uint32_t max_frames = 500;      // of an animation
    std::uint32_t max_scans = 100;       // of a progressive JPEG; usual are 10
    std::uint32_t thumbnail_side = 640;  // the longer side of the smaller version, in pixels
    // Of the whole work but the last step of WebP; an image that takes longer is refused.
    std::chrono::milliseconds max_time{20'000};
};

/// The media type the first bytes say ("image/png", "image/jpeg", "image/gif", "image/webp"), or "" for
/// anything else. Looks at bytes only, never at a file name. Any thread.
std::string_view sniff(std::string_view bytes) noexcept;

/// The file ending for a type sniff() returns, with its dot (".png"); "" for any other type. Any thread.
std::string_view extension_for(std::string_view type) noexcept;

/// The type such an ending stands for, read from the end of a file's name; "" for every other name. Any
/// thread. Only for names that were made with extension_for().
std::string_view type_for_extension(std::string_view file_name) noexcept;

struct image {
    std::string
        type;  // media type of `bytes`; that of the upload, except GIF where libvips cannot write GIF: WebP
    std::string bytes;  // decoded within limits and encoded anew: no metadata (EXIF, XMP, comments), no tail
    std::uint32_t width =
        0;  // pixels, of one frame, as it is to be shown (turned as the EXIF orientation said)
    std::uint32_t height = 0;
    std::string thumbnail;       // encoded smaller version of the first frame; empty when the image is small
    std::string thumbnail_type;  // image/jpeg; with transparency image/webp or image/png
};

/// Decodes, checks and re-encodes. Animated GIF and WebP stay animated; of an animated PNG the first frame is
/// kept. Blocking (tens of ms; seconds for long animations): call it on a worker thread, never on a shard.
/// Any number of threads at once. Errors: upload_unsupported (not one of the four types), upload_invalid
/// (broken, or beyond the limits). Without libvips (CHATTERLINK_WITH_VIPS=OFF, or the plug-in is missing):
/// internal, with a sentence that says so.
/// When `stop` is requested the work ends soon with shutting_down.
base::result<image> process(std::string_view bytes, const limits& bounds, std::stop_token stop = {});

}  // namespace chatterlink::media
