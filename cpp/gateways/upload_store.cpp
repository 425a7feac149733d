#include "gateways/upload_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/ascii.hpp"
#include "base/descriptor.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"

namespace chatterlink::gateways {

namespace fs = std::filesystem;
using base::descriptor;
using base::errc;
using base::fail;

namespace {

constexpr std::size_t max_stem = 64;
constexpr std::string_view temporary_prefix = ".new-";  // no upload name begins with a dot
constexpr auto temporary_age = std::chrono::hours(1);

// --- names ---

// Not shown at all: controls, formats (direction overrides, zero-width joiners), line separators, fillers and
// halves of surrogate pairs. Such characters make one name look like another, or a page lay it out where it
// does not belong.
bool is_hidden(UChar32 c) {
    constexpr std::uint32_t hidden = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
    return (U_GET_GC_MASK(c) & hidden) != 0 || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
           U_IS_UNICODE_NONCHAR(c);
}

void append(std::string& to, UChar32 c) {
    char bytes[U8_MAX_LENGTH];
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, c);
    to.append(bytes, static_cast<std::size_t>(size));
}

std::u32string visible_characters(std::string_view text) {
    std::u32string made;
    const auto size = static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 1'000'000));
    for (std::int32_t at = 0; at < size;) {
        UChar32 c = 0;
        U8_NEXT(text.data(), at, size, c);
        if (c < 0 || is_hidden(c)) continue;  // negative: not UTF-8
        made += static_cast<char32_t>(u_charType(c) == U_SPACE_SEPARATOR ? ' ' : c);
    }
    const std::size_t first = made.find_first_not_of(U' ');
    if (first == made.npos) return {};
    return made.substr(first, made.find_last_not_of(U' ') + 1 - first);
}

// Sorts by time in a listing of the folder, and has 128 random bits: whoever knows the name may see the
// image.
std::string new_id() {
    return base::sortable_id().substr(0, 10) + base::random_token(16);
}

// --- files ---

std::string reason(int error) {
    return std::generic_category().message(error);
}

base::error cannot_write(int error) {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
        return fail(errc::store_unavailable,
                    "The server has no room left for images; the image was not kept.");
    }
    return fail(errc::io_failed,
                "The server could not write the image (" + reason(error) + "); it was not kept.");
}

// 0 or errno.
int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) return errno;
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// The whole file under its name, or nothing: readers and a crash see no half of it. 0 or errno.
int write_file(int folder, const std::string& name, std::string_view bytes) {
    const std::string temporary = std::string(temporary_prefix) + base::random_token(16);
    const descriptor file(
        ::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return errno;
    int failed = write_all(file.get(), bytes);
    if (failed == 0 && ::fsync(file.get()) != 0) failed = errno;
    if (failed == 0 && ::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) failed = errno;
    if (failed != 0) ::unlinkat(folder, temporary.c_str(), 0);
    return failed;
}

// Only old ones: another process on the same folder may be writing.
void remove_leftovers(const fs::path& folder) {
    std::error_code ignored;
    const auto now = fs::file_time_type::clock::now();
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (!entry.path().filename().string().starts_with(temporary_prefix)) continue;
        const auto written = entry.last_write_time(ignored);
        if (!ignored && now - written > temporary_age) fs::remove(entry.path(), ignored);
    }
}

}  // namespace

bool is_upload_name(std::string_view name) noexcept {
    const std::size_t dot = name.find('.');
    if (dot == name.npos || dot == 0 || dot > max_stem) return false;
    const std::string_view stem = name.substr(0, dot);
    const bool plain = std::all_of(stem.begin(), stem.end(),
                                   [](char c) { return base::is_alphanumeric(c) || c == '-' || c == '_'; });
    return plain && media::extension_for(media::type_for_extension(name)) == name.substr(dot);
}

std::string display_name(std::string_view original) {
    if (const std::size_t separator = original.find_last_of("/\\"); separator != original.npos) {
        original.remove_prefix(separator + 1);
    }
    std::u32string name = visible_characters(original);
    if (name.find_first_not_of(U'.') == name.npos) return "image";
    if (name.size() > max_display_name) {
        constexpr std::size_t longest_ending = 10;
        const std::size_t dot = name.rfind(U'.');
        const std::u32string ending =
            dot != name.npos && name.size() - dot <= longest_ending ? name.substr(dot) : std::u32string();
        name = name.substr(0, max_display_name - 1 - ending.size()) + U'\u2026' + ending;
    }
    std::string text;
    for (const char32_t c : name) append(text, static_cast<UChar32>(c));
    return text;
}

// --- the store ---

struct upload_store::impl {
    struct job {
        std::string bytes;
        std::string name;  // for display
        done then;
    };

    impl(upload_store_options with, descriptor where) : options(std::move(with)), folder(std::move(where)) {}

    // Worker: takes jobs until close() and the queue say that it is over.
    void run() {
        while (true) {
            job next;
            {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return closing || !waiting.empty(); });
                if (waiting.empty()) break;
                next = std::move(waiting.front());
                waiting.pop_front();
                waiting_bytes -= next.bytes.size();
            }
            auto outcome = keep_or_report(next);
            next.bytes = {};  // before `then`, which may wait for others
            try {
                next.then(std::move(outcome));
            } catch (const std::exception& e) {
                spdlog::error("upload: {}", e.what());
            }
        }
        const std::lock_guard lock(mutex);
        ended = true;
        changed.notify_all();
    }

    base::result<chat::upload> keep_or_report(const job& what) noexcept {
        try {
            if (stop.stop_requested()) return fail(errc::shutting_down, "The server is shutting down.");
            return keep(what);
        } catch (const std::exception& e) {  // no memory, or a fault of ours
            spdlog::error("upload: {}", e.what());
            return fail(errc::internal, "The server could not work on the image.");
        }
    }

    base::result<chat::upload> keep(const job& what) {
        auto made = options.process(what.bytes, options.images, stop.get_token());
        if (made.has_error()) return made.error();

        const std::string id = new_id();
        chat::upload kept;
        kept.name = id + std::string(media::extension_for(made->type));
        kept.original = what.name;
        kept.type = made->type;
        kept.size = made->bytes.size();
        kept.width = made->width;
        kept.height = made->height;
        if (!made->thumbnail.empty())
            kept.thumbnail = id + "_t" + std::string(media::extension_for(made->thumbnail_type));

        int failed = 0;
        if (!kept.thumbnail.empty()) failed = write_file(folder.get(), kept.thumbnail, made->thumbnail);
        if (failed == 0) failed = write_file(folder.get(), kept.name, made->bytes);
        if (failed == 0 && ::fsync(folder.get()) != 0) failed = errno;  // the names
        if (failed != 0) {
            remove(kept, false);
            spdlog::error("upload: cannot write to {}: {}", options.folder.string(), reason(failed));
            return cannot_write(failed);
        }
        return kept;
    }

    void remove(const chat::upload& which, bool must_exist) const {
        for (const std::string& name : {which.name, which.thumbnail}) {
            if (!is_upload_name(name) || ::unlinkat(folder.get(), name.c_str(), 0) == 0) continue;
            if (must_exist) spdlog::warn("upload: cannot remove {}: {}", name, reason(errno));
        }
    }

    const upload_store_options options;
    const descriptor folder;  // held open, so that everything happens in this folder even if it is renamed
    std::stop_source stop;    // requested when the grace of close() is over

    std::mutex mutex;  // guards what follows, but for the thread
    std::condition_variable changed;
    std::deque<job> waiting;
    std::uint64_t waiting_bytes = 0;
    bool closing = false;
    bool ended = false;

    std::once_flag closed;
    std::thread worker;
};

upload_store::upload_store(std::unique_ptr<impl> state) : impl_(std::move(state)) {
    impl_->worker = std::thread([this] { impl_->run(); });
}

upload_store::~upload_store() {
    close();
}

void upload_store::put(std::string bytes, std::optional<std::string> original, done then) {
    impl& s = *impl_;
    std::string name = display_name(original.value_or(""));
    base::error refused;
    {
        const std::lock_guard lock(s.mutex);
        const bool full =
            s.waiting.size() >= s.options.max_waiting ||
            (!s.waiting.empty() && s.waiting_bytes + bytes.size() > s.options.max_waiting_bytes);
        if (s.closing) {
            refused = fail(errc::shutting_down, "The server is shutting down.");
        } else if (full) {
            refused = base::error{errc::rate_limited, "Too many images are waiting; try again in a moment.",
                                  s.options.retry_after};
        } else {
            s.waiting_bytes += bytes.size();
            s.waiting.push_back({std::move(bytes), std::move(name), std::move(then)});
            s.changed.notify_all();
            return;
        }
    }
    then(std::move(refused));
}

void upload_store::remove(const chat::upload& which) {
    impl_->remove(which, true);
}

void upload_store::close() {
    impl& s = *impl_;
    std::call_once(s.closed, [&] {
        {
            std::unique_lock lock(s.mutex);
            s.closing = true;
            s.changed.notify_all();
            s.changed.wait_for(lock, s.options.close_grace, [&] { return s.ended; });
        }
        s.stop.request_stop();
        s.worker.join();
    });
}

const fs::path& upload_store::folder() const noexcept {
    return impl_->options.folder;
}

base::result<std::unique_ptr<upload_store>> open_upload_store(upload_store_options options) {
    const auto unusable = [&](const std::string& why) {
        return fail(errc::io_failed,
                    "The folder for uploads, " + options.folder.string() + ", cannot be used: " + why);
    };
    std::error_code failed;
    if (fs::create_directories(options.folder, failed))
        fs::permissions(options.folder, fs::perms::owner_all, failed);
    if (failed) return unusable(failed.message());
    descriptor folder(::open(options.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::faccessat(folder.get(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
        return unusable(reason(errno));
    remove_leftovers(options.folder);
    auto state = std::make_unique<upload_store::impl>(std::move(options), std::move(folder));
    return std::unique_ptr<upload_store>(new upload_store(std::move(state)));
}

}  // namespace chatterlink::gateways
