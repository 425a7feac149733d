// The listener's socket files.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/listener.hpp"

namespace chatterlink::net {
namespace {

using base::errc;
using base::fail;

constexpr mode_t mode = 0660;  // the proxy in front often runs as another user of the same group

base::error refuse(const std::filesystem::path& path, int problem) {
    return fail(errc::io_failed, fmt::format("cannot listen at {}: {}", path.string(),
                                             std::generic_category().message(problem)));
}

// Removes a file that a process which is no more has left behind.
base::result<void> make_way(const std::filesystem::path& path, const sockaddr_un& address) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return {};
        return refuse(path, errno);
    }
    if (!S_ISSOCK(info.st_mode))
        return fail(errc::io_failed, path.string() + " exists and is no socket: it is left alone");
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return refuse(path, errno);
    const bool answered = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int problem = answered ? 0 : errno;
    ::close(probe);
    if (answered || problem == EAGAIN)  // EAGAIN: its queue is full
        return fail(errc::address_in_use, "another program listens at " + path.string());
    if (problem != ECONNREFUSED) return refuse(path, problem);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return refuse(path, errno);
    return {};
}

}  // namespace

base::result<std::shared_ptr<listener>> listener::open_unix(reactor& threads,
                                                            const std::filesystem::path& path,
                                                            const connection_limits& limits,
                                                            accepted on_accept, tls_ptr keys) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& name = path.native();
    if (name.empty() || name.size() >= sizeof address.sun_path) {
        return fail(errc::config_invalid, fmt::format("the socket path {} has to have 1 to {} bytes", name,
                                                      sizeof address.sun_path - 1));
    }
    name.copy(address.sun_path, name.size());
    if (auto free = make_way(path, address); !free) return free.error();
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return refuse(path, errno);
    const auto give_up = [&] {
        const int problem = errno;
        ::close(descriptor);
        return refuse(path, problem);
    };
    // Nobody else may connect between bind() and chmod(); the mode before bind() is the file's on Linux.
    ::fchmod(descriptor, mode & S_IRWXU);
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), mode) != 0 || ::listen(descriptor, listen_backlog) != 0) {
        return give_up();
    }
    auto made = adopt(threads, descriptor, limits, std::move(on_accept), std::move(keys));
    if (made) {
        (*made)->note_file(path);
    } else {
        ::close(descriptor);
    }
    return made;
}

void listener::note_file(const std::filesystem::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) file_ = {path, info.st_dev, info.st_ino};
}

void listener::remove_file() noexcept {
    if (file_.path.empty()) return;
    struct stat info {};
    if (::lstat(file_.path.c_str(), &info) == 0 && info.st_dev == file_.device && info.st_ino == file_.inode)
        ::unlink(file_.path.c_str());
    file_.path.clear();
}

}  // namespace chatterlink::net
