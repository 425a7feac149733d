// The folder of uploaded images: cleans them (media::process), names them, and keeps them on disk. It knows
// neither HTTP nor the chat's store; the caller records what it gets back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "chat/types.hpp"
#include "media/images.hpp"

namespace chatterlink::gateways {

/// The longest name shown for an upload, in Unicode characters.
inline constexpr std::size_t max_display_name = 120;

/// Whether this is a name the store could have made: letters, digits, `-` and `_`, one dot, one of the four
/// endings. Whatever else a request asks for (`../`, `%2e`, NUL, a temporary file) must not reach the file
/// system.
bool is_upload_name(std::string_view name) noexcept;

/// A sender's file name made fit to be shown, never to be opened: its last path element, valid UTF-8, without
/// control, format and invisible characters, at most max_display_name characters (cut in the middle, so that
/// the ending stays). "image" when nothing is left.
std::string display_name(std::string_view original);

struct upload_store_options {
    std::filesystem::path folder{};                       // made (mode 0700) when it is not there
    std::size_t max_waiting = 64;                         // uploads that wait for the worker
    std::uint64_t max_waiting_bytes = 128 * 1024 * 1024;  // of all of them together; one alone may have more
    base::milliseconds retry_after{2'000};                // what rate_limited says
    base::milliseconds close_grace{3'000};                // how long close() lets waiting uploads be finished
    media::limits images{};
    std::function<base::result<media::image>(std::string_view, const media::limits&, std::stop_token)>
        process = media::process;
};

/// One worker thread does all the work, so images never take more than one core and the memory of one image.
class upload_store {
  public:
    using done = std::function<void(base::result<chat::upload>)>;

    upload_store(const upload_store&) = delete;
    upload_store& operator=(const upload_store&) = delete;
    ~upload_store();  // closes

    /// Cleans and keeps an image; success means that it, its thumbnail and their names are on disk (fsync).
    /// `then` is called once: on the worker's thread, or on the caller's before put() returns when it is
    /// refused at once. It must not throw and must not close the store. Errors: upload_unsupported,
    /// upload_invalid (media::process); rate_limited with retry_after (too many wait); store_unavailable (the
    /// disk is full), io_failed (it cannot be written); shutting_down; internal.
    void put(std::string bytes, std::optional<std::string> original, done then);

    /// Deletes an image and its thumbnail, for a caller that could not record it. Failures are logged. Any
    /// thread.
    void remove(const chat::upload& which);

    /// Takes nothing new, finishes what it can within close_grace, ends the rest with shutting_down, joins
    /// the worker. Any thread but the worker's, any number of times.
    void close();

    /// Where the images are; open only names that is_upload_name() accepts, without following links.
    const std::filesystem::path& folder() const noexcept;

  private:
    friend base::result<std::unique_ptr<upload_store>> open_upload_store(upload_store_options options);
    struct impl;
    explicit upload_store(std::unique_ptr<impl> state);
    std::unique_ptr<impl> impl_;
};

/// Makes the folder when needed, clears away what a killed process left half-written, starts the worker.
/// Errors: io_failed (the folder cannot be made or written).
base::result<std::unique_ptr<upload_store>> open_upload_store(upload_store_options options);

}  // namespace chatterlink::gateways
