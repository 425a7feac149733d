#include "media/images.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "media/containers.hpp"
#include "media/images_plugin.hpp"
#include "media/plugin_loader.hpp"

namespace chatterlink::media {

namespace {

using base::errc;
using base::fail;

struct known_type {
    std::int32_t number;  // in the plug-in's interface
    std::string_view type;
    std::string_view extension;
};

constexpr std::array known_types{
    known_type{chatterlink_images_png, "image/png", ".png"},
    known_type{chatterlink_images_jpeg, "image/jpeg", ".jpg"},
    known_type{chatterlink_images_gif, "image/gif", ".gif"},
    known_type{chatterlink_images_webp, "image/webp", ".webp"},
};

const known_type* find_type(std::string_view type) noexcept {
    const auto* at = std::find_if(known_types.begin(), known_types.end(),
                                  [&](const known_type& known) { return known.type == type; });
    return at == known_types.end() ? nullptr : at;
}

std::string_view type_of(std::int32_t number) noexcept {
    for (const known_type& known : known_types) {
        if (known.number == number) return known.type;
    }
    return {};
}

// Loaded once, by whichever thread is first; a failure is kept too, since nothing will have changed by the
// next upload.
const base::result<const chatterlink_images_functions*>& plugin() {
    static const auto loaded = load_plugin(plugin_folders());
    return loaded;
}

std::string copy_of(const chatterlink_images_buffer& buffer) {
    return buffer.bytes == nullptr ? std::string{}
                                   : std::string(static_cast<const char*>(buffer.bytes), buffer.size);
}

// The last step before bytes may be served: they are the kind of image they are said to be, and free of
// metadata.
bool finished(std::string& bytes, std::string_view type) {
    if (type.empty() || sniff(bytes) != type) return false;
    return type != "image/webp" || remove_webp_metadata(bytes);
}

errc code_for(std::int32_t outcome) noexcept {
    switch (outcome) {
        case chatterlink_images_invalid:
            return errc::upload_invalid;
        case chatterlink_images_stopped:
            return errc::shutting_down;
        default:
            return errc::internal;
    }
}

base::error too_many_frames(std::uint64_t has, std::uint32_t most) {
    return fail(errc::upload_invalid, "This animation has " + std::to_string(has) + " frames; at most " +
                                          std::to_string(most) + " are accepted.");
}

base::error too_many_scans(std::uint64_t has, std::uint32_t most) {
    return fail(errc::upload_invalid, "This JPEG image has " + std::to_string(has) + " scans; at most " +
                                          std::to_string(most) + " are accepted.");
}

}  // namespace

std::string_view sniff(std::string_view bytes) noexcept {
    using namespace std::string_view_literals;
    if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
    if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
    if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
    // RIFF, four bytes of length, then the form type and the first letters of its first chunk.
    if (bytes.starts_with("RIFF"sv) && bytes.size() >= 16 && bytes.substr(8, 7) == "WEBPVP8"sv)
        return "image/webp";
    return {};
}

std::string_view extension_for(std::string_view type) noexcept {
    const known_type* known = find_type(type);
    return known == nullptr ? std::string_view{} : known->extension;
}

std::string_view type_for_extension(std::string_view file_name) noexcept {
    for (const known_type& known : known_types) {
        if (file_name.ends_with(known.extension)) return known.type;
    }
    return {};
}

base::result<image> process(std::string_view bytes, const limits& bounds, std::stop_token stop) {
    const known_type* known = find_type(sniff(bytes));
    if (known == nullptr) {
        return fail(errc::upload_unsupported, "Only PNG, JPEG, GIF and WebP images can be uploaded.");
    }
    std::optional<std::string> trimmed;  // what `bytes` points to from here on, when it is set
    if (known->number == chatterlink_images_gif) {
        const gif_outline outline = outline_gif(bytes);
        if (outline.frames > bounds.max_frames) return too_many_frames(outline.frames, bounds.max_frames);
        if (!outline.whole) return fail(errc::upload_invalid, "This GIF image is damaged or incomplete.");
    } else if (known->number == chatterlink_images_png) {
        trimmed = png_without_text(bytes);
        if (trimmed) bytes = *trimmed;
    } else if (known->number == chatterlink_images_jpeg) {
        const auto scans = count_jpeg_scans(bytes);
        if (scans > bounds.max_scans) return too_many_scans(scans, bounds.max_scans);
    }

    const auto& loaded = plugin();
    if (loaded.has_error()) return loaded.error();
    const chatterlink_images_functions& functions = **loaded;

    chatterlink_images_job job{};
    job.bytes = bytes.data();
    job.size = bytes.size();
    job.type = known->number;
    job.max_side = bounds.max_side;
    job.max_frames = bounds.max_frames;
    job.thumbnail_side = bounds.thumbnail_side;
    job.max_pixels = bounds.max_pixels;
    job.max_milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, bounds.max_time.count()));

    job.stop = [](void* token) -> std::int32_t {
        return static_cast<std::stop_token*>(token)->stop_requested() ? 1 : 0;
    };
    job.context = &stop;

    chatterlink_images_reply reply{};
    const auto release = [&](chatterlink_images_reply* r) { functions.release(r); };
    const std::unique_ptr<chatterlink_images_reply, decltype(release)> guard(&reply, release);
    const std::int32_t outcome = functions.process(&job, &reply);
    if (outcome != chatterlink_images_done) {
        reply.message[sizeof reply.message - 1] = '\0';
        return fail(code_for(outcome), reply.message);
    }

    image made;
    made.type = type_of(reply.image.type);
    made.bytes = copy_of(reply.image);
    made.width = reply.width;
    made.height = reply.height;
    made.thumbnail = copy_of(reply.thumbnail);
    if (!made.thumbnail.empty()) made.thumbnail_type = type_of(reply.thumbnail.type);
    const bool clean = finished(made.bytes, made.type) &&
                       (made.thumbnail.empty() || finished(made.thumbnail, made.thumbnail_type));
    if (!clean) return fail(errc::internal, "The image could not be encoded.");
    return made;
}

}  // namespace chatterlink::media
