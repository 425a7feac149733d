// One end of a connection, as people and logs name it.
#pragma once

#include <cstdint>
#include <string>

struct sockaddr;

namespace chatterlink::net {

/// The address as text without port, IPv4 in IPv6 as plain IPv4; empty and 0 for a Unix socket.
struct endpoint {
    std::string address{};
    std::uint16_t port = 0;
};

/// Of a socket address of any family; as large as its family says.
endpoint endpoint_of(const sockaddr& where);

/// "127.0.0.1:5000", "[::1]:5000"; empty for a Unix socket.
std::string to_string(const endpoint& e);

}  // namespace chatterlink::net
