// The image plug-in (images_plugin.hpp) over libvips.
//
// Order of work for one upload: read the header with the one loader that fits the sniffed type, compare with
// the limits, and only then decode, row by row where the image allows it; turn and convert to plain sRGB;
// drop every metadata field; encode. The thumbnail is decoded a second time from the start: that is cheaper
// in memory than holding the decoded image, and JPEG decodes straight to a smaller size.
//
// Threads: each call works on its caller's thread plus one libvips worker. libvips keeps one error text for
// the whole process, so it is emptied and never shown.
#include <vips/vips.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>

#include "media/images_plugin.hpp"

namespace {

using job = chatterlink_images_job;
using reply = chatterlink_images_reply;
using buffer = chatterlink_images_buffer;
using std::chrono::steady_clock;

constexpr int jpeg_quality = 88;
constexpr int jpeg_thumbnail_quality = 80;
constexpr int webp_quality = 84;
constexpr int webp_effort = 3;      // of 6; an animation of 50 million pixels has to be done within seconds
constexpr int gif_effort = 4;       // of 10
constexpr int png_compression = 6;  // of 9

struct unref {
    void operator()(VipsImage* image) const noexcept { g_object_unref(image); }
};
using image_ptr = std::unique_ptr<VipsImage, unref>;

// Ends a call early. Caught in process(); never crosses the interface.
struct refusal {
    std::int32_t outcome;
    char sentence[sizeof(reply::message)];
};

[[noreturn, gnu::format(printf, 2, 3)]] void refuse(std::int32_t outcome, const char* format, ...) {
    refusal r{};
    r.outcome = outcome;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(r.sentence, sizeof r.sentence, format, arguments);
    va_end(arguments);
    throw refusal(r);
}

const char* label(std::int32_t type) noexcept {
    switch (type) {
        case chatterlink_images_png:
            return "PNG";
        case chatterlink_images_jpeg:
            return "JPEG";
        case chatterlink_images_gif:
            return "GIF";
        default:
            return "WebP";
    }
}

// One call's reasons to give up: its time is over, or the server wants to end. libvips asks between strips.
class patience {
  public:
    explicit patience(const job& what)
        : job_(what),
          end_(steady_clock::now() +
               std::chrono::milliseconds(std::min<std::uint64_t>(what.max_milliseconds, 3'600'000))) {}

    void watch(VipsImage* image) { connect(image, G_CALLBACK(on_progress)); }
    void watch_for_stop(VipsImage* image) { connect(image, G_CALLBACK(on_progress_of_last_step)); }
    bool over() const { return steady_clock::now() > end_; }
    bool stopped() const { return job_.stop != nullptr && job_.stop(job_.context) != 0; }

  private:
    void connect(VipsImage* image, GCallback callback) {
        vips_image_set_progress(image, TRUE);
        g_signal_connect(image, "eval", callback, this);
    }
    static void on_progress(VipsImage* image, VipsProgress*, patience* self) {
        if (self->over() || self->stopped()) vips_image_set_kill(image, TRUE);
    }
    static void on_progress_of_last_step(VipsImage* image, VipsProgress*, patience* self) {
        if (self->stopped()) vips_image_set_kill(image, TRUE);
    }
    const job& job_;
    steady_clock::time_point end_;
};

// --- one upload ---

class work {
  public:
    work(const job& what, reply& answer) : job_(what), reply_(answer), patience_(what) {}

    void run() {
        read_header();
        if (output_type() == chatterlink_images_webp) decode_to_nothing();
        {
            const image_ptr image = cleaned(decoded(all_frames(), 1));
            reply_.width = static_cast<std::uint32_t>(vips_image_get_width(image.get()));
            reply_.height = static_cast<std::uint32_t>(vips_image_get_page_height(image.get()));
            encode(image.get());
        }
        if (std::max(reply_.width, reply_.height) > job_.thumbnail_side) make_thumbnail();
    }

  private:
    // What the image is encoded as: what it was, but libvips without cgif cannot write GIF.
    std::int32_t output_type() const {
        const bool no_gif =
            job_.type == chatterlink_images_gif && vips_type_find("VipsOperation", "gifsave_buffer") == 0;
        return no_gif ? chatterlink_images_webp : job_.type;
    }

    int all_frames() const { return frames_ > 1 ? -1 : 1; }

    // libvips 8.14 does not free its WebP encoder, which holds several whole frames, when a save fails
    // half-way. So a save to WebP is only begun with an image that is known to decode, and is not ended for
    // taking long (its size is bounded); ended for a stop it may be, since then the process is about to end.
    void decode_to_nothing() {
        const image_ptr image = cleaned(decoded(all_frames(), 1));
        patience_.watch(image.get());
        const auto ignore = [](VipsRegion*, VipsRect*, void*) { return 0; };
        if (vips_sink_disc(image.get(), ignore, nullptr) != 0 || patience_.over()) broken();
    }

    // Opens with the one loader of that type; reads no more than the header yet.
    image_ptr open(int pages, int shrink, VipsAccess access) {
        void* bytes = const_cast<void*>(job_.bytes);  // libvips' signature; it does not write
        VipsImage* opened = nullptr;
        int failed = 0;
        constexpr VipsFailOn strict = VIPS_FAIL_ON_ERROR;
        switch (job_.type) {
            case chatterlink_images_png:
                failed = vips_pngload_buffer(bytes, job_.size, &opened, "access", access, "fail_on", strict,
                                             nullptr);
                break;
            case chatterlink_images_jpeg:
                failed = vips_jpegload_buffer(bytes, job_.size, &opened, "access", access, "fail_on", strict,
                                              "shrink", shrink, nullptr);
                break;
            case chatterlink_images_gif:
                failed = vips_gifload_buffer(bytes, job_.size, &opened, "access", access, "fail_on", strict,
                                             "n", pages, nullptr);
                break;
            case chatterlink_images_webp:
                failed = vips_webpload_buffer(bytes, job_.size, &opened, "access", access, "fail_on", strict,
                                              "n", pages, nullptr);
                break;
            default:
                refuse(chatterlink_images_failed, "The server was asked for an unknown image type.");
        }
        if (failed != 0 || opened == nullptr) broken();
        return image_ptr(opened);
    }

    void read_header() {
        const image_ptr header = open(1, 1, VIPS_ACCESS_SEQUENTIAL);
        const auto width = static_cast<std::uint64_t>(vips_image_get_width(header.get()));
        const auto height = static_cast<std::uint64_t>(vips_image_get_height(header.get()));
        frames_ = static_cast<std::uint64_t>(std::max(1, vips_image_get_n_pages(header.get())));
        orientation_ = vips_image_get_orientation(header.get());
        if (frames_ > job_.max_frames) {
            refuse(chatterlink_images_invalid, "This animation has %llu frames; at most %u are accepted.",
                   ull(frames_), job_.max_frames);
        }
        constexpr std::uint64_t webp_side = 16'383;
        const std::uint64_t side = output_type() == chatterlink_images_webp
                                       ? std::min<std::uint64_t>(job_.max_side, webp_side)
                                       : job_.max_side;
        if (width > side || height > side) {
            refuse(chatterlink_images_invalid,
                   "This image is %llu × %llu pixels; a side may have at most %llu.", ull(width), ull(height),
                   ull(side));
        }
        check_pixels(header.get(), width, height);
    }

    // The limit is on width × height × frames. What takes twice the memory has half of it: 16 bits a channel,
    // and a frame that its decoder holds whole beside the copy for libvips (WebP, interlaced PNG).
    void check_pixels(VipsImage* header, std::uint64_t width, std::uint64_t height) {
        const bool deep = vips_image_get_format(header) != VIPS_FORMAT_UCHAR;
        const bool whole =
            job_.type == chatterlink_images_webp ||
            (job_.type == chatterlink_images_png && vips_image_get_typeof(header, "interlaced") != 0);
        const std::uint64_t all = deep ? job_.max_pixels / 2 : job_.max_pixels;
        const std::uint64_t most = std::min(whole ? all / 2 : all, all / frames_);
        if (width * height <= most) return;
        if (frames_ == 1) {
            refuse(chatterlink_images_invalid,
                   "This image is %llu × %llu pixels; at most %llu pixels are accepted.", ull(width),
                   ull(height), ull(most));
        }
        refuse(chatterlink_images_invalid,
               "Each of the %llu frames of this animation is %llu × %llu pixels; at most %llu pixels are "
               "accepted.",
               ull(frames_), ull(width), ull(height), ull(most));
    }

    // The pixels, turned the way the EXIF orientation says. Turning needs any row at any time, so such an
    // image is decoded whole; all others stream.
    image_ptr decoded(int pages, int shrink) {
        const bool turned = orientation_ > 1 && frames_ == 1;
        image_ptr loaded = open(pages, shrink, VIPS_ACCESS_SEQUENTIAL);
        if (!turned) return loaded;
        patience_.watch(loaded.get());
        const image_ptr whole(vips_image_copy_memory(loaded.get()));
        if (whole == nullptr) broken();
        VipsImage* upright = nullptr;
        if (vips_autorot(whole.get(), &upright, nullptr) != 0) broken();
        return image_ptr(upright);
    }

    // 8-bit sRGB or grey, with or without alpha, and no metadata but what an animation needs.
    image_ptr cleaned(image_ptr image) {
        if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
            VipsImage* converted = nullptr;
            // A profile that is itself broken is ignored, as browsers do.
            if (vips_icc_transform(image.get(), &converted, "srgb", "embedded", TRUE, "depth", 8, "intent",
                                   VIPS_INTENT_PERCEPTUAL, nullptr) == 0) {
                image.reset(converted);
            } else {
                vips_error_clear();
            }
        }
        const VipsInterpretation is = vips_image_guess_interpretation(image.get());
        const bool grey = is == VIPS_INTERPRETATION_B_W || is == VIPS_INTERPRETATION_GREY16;
        const VipsInterpretation wanted = grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
        VipsImage* plain = nullptr;
        if (vips_colourspace(image.get(), &plain, wanted, nullptr) != 0) broken();
        image.reset(plain);
        VipsImage* bytes = nullptr;
        if (vips_cast_uchar(image.get(), &bytes, nullptr) != 0) broken();
        image.reset(bytes);

        // The resolution goes too: a copy of our own, whose fields may be removed without touching a cached
        // image.
        VipsImage* copy = nullptr;
        if (vips_copy(image.get(), &copy, "xres", 1.0, "yres", 1.0, nullptr) != 0) broken();
        image.reset(copy);
        strip(copy);
        return image;
    }

    static void strip(VipsImage* image) {
        // The last is no metadata: it tells libvips that rows can only be read in order, so that it keeps
        // enough of them.
        static constexpr std::string_view kept[] = {VIPS_META_N_PAGES, VIPS_META_PAGE_HEIGHT, "delay", "loop",
                                                    "gif-palette",     VIPS_META_SEQUENTIAL};
        gchar** names = vips_image_get_fields(image);
        for (gchar** name = names; name != nullptr && *name != nullptr; ++name) {
            if (std::find(std::begin(kept), std::end(kept), std::string_view(*name)) == std::end(kept)) {
                vips_image_remove(image, *name);  // fields of the image itself (width …) are not removable
            }
        }
        g_strfreev(names);
    }

    void encode(VipsImage* image) {
        buffer& out = reply_.image;
        out.type = output_type();
        int failed = 0;
        switch (out.type) {
            case chatterlink_images_png:
                patience_.watch(image);
                failed = vips_pngsave_buffer(image, &out.bytes, &out.size, "compression", png_compression,
                                             "filter", VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, nullptr);
                break;
            case chatterlink_images_jpeg:
                patience_.watch(image);
                failed = vips_jpegsave_buffer(image, &out.bytes, &out.size, "Q", jpeg_quality, "interlace",
                                              TRUE, "optimize_coding", TRUE, "strip", TRUE, nullptr);
                break;
            case chatterlink_images_gif: {
                patience_.watch(image);
                const gboolean one_palette = vips_image_get_typeof(image, "gif-palette") != 0;
                failed = vips_gifsave_buffer(image, &out.bytes, &out.size, "effort", gif_effort, "reuse",
                                             one_palette, "strip", TRUE, nullptr);
                break;
            }
            default:
                patience_.watch_for_stop(image);
                failed = vips_webpsave_buffer(image, &out.bytes, &out.size, "Q", webp_quality, "effort",
                                              webp_effort, "strip", TRUE, nullptr);
        }
        if (failed != 0 || out.bytes == nullptr) broken();
    }

    void make_thumbnail() {
        const auto side = static_cast<int>(job_.thumbnail_side);
        // libjpeg scales down by 2, 4 or 8 while it decodes; what is left must not be smaller than the
        // thumbnail.
        int shrink = 1;
        if (job_.type == chatterlink_images_jpeg) {
            const std::uint32_t longer = std::max(reply_.width, reply_.height);
            while (shrink < 8 && longer / (static_cast<std::uint32_t>(shrink) * 2) >= job_.thumbnail_side)
                shrink *= 2;
        }
        const image_ptr first = cleaned(decoded(1, shrink));
        VipsImage* scaled = nullptr;
        if (vips_thumbnail_image(first.get(), &scaled, side, "height", side, "size", VIPS_SIZE_DOWN,
                                 "no_rotate", TRUE, nullptr) != 0) {
            broken();
        }
        const image_ptr pipeline(scaled);
        patience_.watch(scaled);
        const image_ptr held(
            vips_image_copy_memory(scaled));  // decoded before it is encoded: see decode_to_nothing()
        if (held == nullptr) broken();
        VipsImage* const small = held.get();
        strip(small);
        buffer& out = reply_.thumbnail;
        int failed = 0;
        if (vips_image_hasalpha(small) == 0) {
            out.type = chatterlink_images_jpeg;
            failed = vips_jpegsave_buffer(small, &out.bytes, &out.size, "Q", jpeg_thumbnail_quality,
                                          "optimize_coding", TRUE, "strip", TRUE, nullptr);
        } else if (vips_type_find("VipsOperation", "webpsave_buffer") != 0) {
            out.type = chatterlink_images_webp;
            failed = vips_webpsave_buffer(small, &out.bytes, &out.size, "Q", webp_quality, "alpha_q",
                                          webp_quality, "effort", webp_effort, "strip", TRUE, nullptr);
        } else {
            out.type = chatterlink_images_png;
            failed = vips_pngsave_buffer(small, &out.bytes, &out.size, "compression", png_compression,
                                         "strip", TRUE, nullptr);
        }
        if (failed != 0 || out.bytes == nullptr) broken();
    }

    // A libvips call failed: told to end, out of time, or the bytes are not a whole image.
    [[noreturn]] void broken() const {
        if (patience_.stopped()) refuse(chatterlink_images_stopped, "The server is shutting down.");
        if (patience_.over()) refuse(chatterlink_images_invalid, "This image takes too long to process.");
        refuse(chatterlink_images_invalid, "This %s image is damaged or incomplete.", label(job_.type));
    }

    static unsigned long long ull(std::uint64_t n) noexcept { return n; }

    const job& job_;
    reply& reply_;
    patience patience_;
    std::uint64_t frames_ = 1;
    int orientation_ = 1;
};

// --- the interface ---

void release(reply* answer) {
    g_free(answer->image.bytes);
    g_free(answer->thumbnail.bytes);
    answer->image.bytes = nullptr;
    answer->thumbnail.bytes = nullptr;
}

std::int32_t process(const job* what, reply* answer) {
    std::int32_t outcome = chatterlink_images_done;
    try {
        work(*what, *answer).run();
    } catch (const refusal& r) {
        outcome = r.outcome;
        std::memcpy(answer->message, r.sentence, sizeof answer->message);
    } catch (...) {  // std::bad_alloc; nothing may cross the interface
        outcome = chatterlink_images_failed;
        std::snprintf(answer->message, sizeof answer->message,
                      "The server has not enough memory for this image.");
    }
    vips_error_clear();
    vips_thread_shutdown();  // frees what libvips keeps for the calling thread
#ifdef __GLIBC__
    malloc_trim(0);  // an image takes some 100 MB for a moment; give it back to the system
#endif
    return outcome;
}

void ignore_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

bool start() {
    // libvips warns on standard error about every odd file; what matters comes back as a failed call.
    g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK & ~G_LOG_LEVEL_ERROR), ignore_log,
                      nullptr);
    if (vips_init("chatterlink") != 0) return false;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    // Only the four loaders used here, and of all operations only those meant for bytes from strangers.
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (const char* wanted :
         {"VipsForeignLoadPng", "VipsForeignLoadJpeg", "VipsForeignLoadWebp", "VipsForeignLoadNsgif"}) {
        vips_operation_block_set(wanted, FALSE);
    }
    vips_block_untrusted_set(TRUE);
    return true;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const chatterlink_images_functions*
chatterlink_images_plugin(std::uint32_t version) {
    static const chatterlink_images_functions functions{CHATTERLINK_IMAGES_PLUGIN_VERSION, process, release};
    if (version != CHATTERLINK_IMAGES_PLUGIN_VERSION) return nullptr;
    static const bool started = start();
    return started ? &functions : nullptr;
}
