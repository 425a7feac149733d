#include "apps/socket_activation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace chatterlink::apps {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int max_inherited = 64;    // more is a mistake

std::optional<long> number_of(const char* text) {
    const std::string_view all(text);
    long value = 0;
    const auto end = std::from_chars(all.data(), all.data() + all.size(), value);
    if (end.ec != std::errc{} || end.ptr != all.data() + all.size()) return std::nullopt;
    return value;
}

}  // namespace

base::result<std::vector<int>> inherited_sockets() {
    const char* const process = std::getenv("LISTEN_PID");
    const char* const count = std::getenv("LISTEN_FDS");
    if (process == nullptr || count == nullptr) return std::vector<int>{};
    const auto meant = number_of(process);
    const auto number = number_of(count);
    if (meant && *meant != ::getpid()) return std::vector<int>{};
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    if (!meant || !number || *number < 0 || *number > max_inherited)
        return base::fail(base::errc::config_invalid, "LISTEN_FDS and LISTEN_PID make no sense");
    std::vector<int> sockets;
    for (int descriptor = first_descriptor; descriptor < first_descriptor + *number; ++descriptor) {
        if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
            return base::fail(
                base::errc::config_invalid,
                "LISTEN_FDS promises descriptor " + std::to_string(descriptor) + ", which is not open");
        }
        sockets.push_back(descriptor);
    }
    return sockets;
}

}  // namespace chatterlink::apps
