#include "apps/client_wake.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/error.hpp"

namespace chatterlink::apps {

client_wake::client_wake() {
    if (::pipe(ends_.data()) != 0) {
        throw base::failure(base::fail(base::errc::io_failed, std::generic_category().message(errno)));
    }
    for (const int end : ends_) make_private_and_nonblocking(end);
}

client_wake::~client_wake() {
    for (const int end : ends_) ::close(end);
}

void client_wake::set() noexcept {
    const int saved = errno;
    [[maybe_unused]] const auto written = ::write(ends_[1], "!", 1);  // full: it is set already
    errno = saved;
}

void client_wake::clear() noexcept {
    std::array<char, 64> bytes{};
    while (::read(ends_[0], bytes.data(), bytes.size()) > 0) {
    }
}

void make_private_and_nonblocking(int fd) noexcept {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int poll_timeout(std::optional<base::steady_time> until) {
    if (!until) return -1;
    const auto left = std::chrono::ceil<base::milliseconds>(*until - base::steady_now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000));
}

}  // namespace chatterlink::apps
