// Finding a host and connecting to it, within a time and so that another thread can call it off.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace chatterlink::apps {

/// "127.0.0.1:5555", "[::1]:5555"
std::string address_text(const std::string& host, std::uint16_t port);

/// Resolves the host (name, IPv4 or IPv6) and tries its addresses one after the other; each gets a fair part
/// of the time that is left. Returns a connected, non-blocking socket that the caller closes; writing to it
/// raises no SIGPIPE with send_flags. Blocks for at most `limit`, and ends early when `cancel_fd` becomes
/// readable. Throws base::failure: io_failed, "cannot reach HOST:PORT (reason)"; shutting_down when called
/// off.
int connect_to(const std::string& host, std::uint16_t port, base::milliseconds limit, int cancel_fd);

/// The flags for send(2) on such a socket.
extern const int send_flags;

}  // namespace chatterlink::apps
