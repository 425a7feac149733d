// The seam between the server and the image plug-in: plain C structs and one exported function, so that
// neither exceptions nor C++ types cross it and a plug-in of another version is recognised and refused.
//
// The plug-in exports chatterlink_images_plugin(). The server asks for the version it speaks and gets a table
// of functions that stays valid until the process ends (the plug-in is never unloaded), or null.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

/// Raised whenever anything below changes.
#define CHATTERLINK_IMAGES_PLUGIN_VERSION 1u

/// The name of the exported function, for dlsym.
#define CHATTERLINK_IMAGES_PLUGIN_ENTRY "chatterlink_images_plugin"

enum : std::int32_t {
    chatterlink_images_png = 1,
    chatterlink_images_jpeg = 2,
    chatterlink_images_gif = 3,
    chatterlink_images_webp = 4,
};

enum : std::int32_t {
    chatterlink_images_done = 0,
    chatterlink_images_invalid = 1,  // the image is broken or beyond a limit: the sender's fault
    chatterlink_images_failed = 2,   // it could not be worked on: the server's fault
    chatterlink_images_stopped = 3,  // stop() said so
};

/// What to do. The server owns it and the bytes; both stay as they are during the call.
struct chatterlink_images_job {
    const void* bytes;
    std::size_t size;
    std::int32_t type;  // what the first bytes say it is; no other loader is tried
    std::uint32_t max_side;
    std::uint32_t max_frames;
    std::uint32_t thumbnail_side;
    std::uint64_t max_pixels;
    std::uint64_t max_milliseconds;  // of decoding and encoding, together
    std::int32_t (*stop)(
        void* context);  // asked now and then, on any thread; not zero ends the work. May be null.
    void* context;
};

struct chatterlink_images_buffer {
    void* bytes;  // null when there is none
    std::size_t size;
    std::int32_t type;
};

/// What came of it. The server hands it in zeroed; the plug-in owns the buffers until release().
struct chatterlink_images_reply {
    struct chatterlink_images_buffer image;
    struct chatterlink_images_buffer thumbnail;
    std::uint32_t width;
    std::uint32_t height;  // of one frame
    char message[200];     // a sentence for people when the call did not end with done; ends in a NUL
};

struct chatterlink_images_functions {
    std::uint32_t version;  // CHATTERLINK_IMAGES_PLUGIN_VERSION

    /// Blocking; any number of threads at once. Returns done, invalid, failed or stopped.
    std::int32_t (*process)(const struct chatterlink_images_job* job, struct chatterlink_images_reply* reply);

    /// Frees the buffers of a reply, whatever process() returned for it.
    void (*release)(struct chatterlink_images_reply* reply);
};

/// Null when the plug-in speaks another version or its library cannot start.
typedef const struct chatterlink_images_functions* (*chatterlink_images_entry)(std::uint32_t version);

}  // extern "C"
