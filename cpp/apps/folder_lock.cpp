#include "apps/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.hpp"

namespace chatterlink::apps {
namespace {

constexpr const char* file_name = "chatterlink.lock";  // holds its owner's number; stays at the end

[[noreturn]] void refuse(const std::filesystem::path& folder, const std::string& why) {
    throw base::failure(base::fail(
        base::errc::io_failed,
        fmt::format("cannot use the data folder {}: {}; choose another with --data", folder.string(), why)));
}

std::string owner_of(int file) {
    std::array<char, 16> text{};
    const auto length = ::pread(file, text.data(), text.size(), 0);
    const std::string_view all(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

folder_lock::folder_lock(const std::filesystem::path& folder)
    : file_(::open((folder / file_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), owner_(::getpid()) {
    if (!file_) refuse(folder, std::generic_category().message(errno));
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return;  // a file system without locks: better unguarded than not at all
        refuse(folder,
               fmt::format("it is in use by another chatterlink-app (pid {})", owner_of(file_.get())));
    }
    const auto owner = fmt::format("{}\n", owner_);
    if (::ftruncate(file_.get(), 0) == 0) {
        [[maybe_unused]] const auto written = ::pwrite(file_.get(), owner.data(), owner.size(), 0);
    }
}

folder_lock::~folder_lock() {
    // A child that was forked meanwhile has the same lock: let go of it for the child too, and only here.
    if (file_ && ::getpid() == owner_) ::flock(file_.get(), LOCK_UN);
}

}  // namespace chatterlink::apps
