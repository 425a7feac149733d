// What has to be known about a file before libvips gets it: three short walks along the outer structure of
// PNG, GIF and JPEG, for faults that libvips 8.14 does not catch. They decode nothing, allocate at most one
// copy, and are linear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatterlink::media {

/// A PNG without its text chunks (tEXt, zTXt, iTXt), or nothing when it has none. libvips inflates every
/// compressed one while it reads the header, so a few megabytes of them would keep a worker busy for minutes;
/// none is kept anyway. A file that is damaged from some place on is returned unchanged from there.
std::optional<std::string> png_without_text(std::string_view bytes);

struct gif_outline {
    std::uint64_t frames = 0;
    bool whole =
        false;  // every block that begins also ends; libvips would quietly show the part that arrived
};

/// Walks the blocks of a GIF (GIF89a specification, 1990). A missing trailer is no fault (many programs leave
/// it out).
gif_outline outline_gif(std::string_view bytes) noexcept;

/// How many scans a JPEG has (ITU-T T.81 §B.1): one, or some ten when it is progressive. Each is a pass over
/// the whole image, however few bytes it has, and libjpeg makes all of them before libvips looks at the
/// clock. Damaged: as many as were found.
std::uint64_t count_jpeg_scans(std::string_view bytes) noexcept;

/// Takes the chunks EXIF, XMP and ICCP out of a WebP that libvips wrote, in place (its `strip` does not keep
/// it from writing an EXIF chunk of its own making). False when the bytes are not a well-formed WebP
/// container.
bool remove_webp_metadata(std::string& bytes);

}  // namespace chatterlink::media
