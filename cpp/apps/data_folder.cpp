#include "apps/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"
#include "base/log.hpp"

namespace chatterlink::apps {

void prepare_data_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    const bool made = std::filesystem::create_directories(folder, failed);
    if (!failed && made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    if (!failed && ::access(folder.c_str(), W_OK | X_OK) != 0) failed = {errno, std::generic_category()};
    if (failed) {
        throw base::failure(
            base::fail(base::errc::io_failed,
                       fmt::format("cannot use the data folder {}: {}; choose another with --data",
                                   folder.string(), failed.message())));
    }
}

base::descriptor mark_data_folder(const std::filesystem::path& folder) {
    base::descriptor mark(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Another failure (no right to list it, a network folder that knows no locks) does not keep anybody from
    // running.
    if (mark && ::flock(mark.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        spdlog::warn(
            "another chat server uses the data folder {} too: what is said at one is stored, but seen at the "
            "other only when somebody opens the room again; --data gives each its own",
            folder.string());
    }
    return mark;
}

}  // namespace chatterlink::apps
