// The opening handshake (RFC 6455 §4.2), the server's side: a request's fields in, the answer out. No
// sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/request_info.hpp"
#include "net/websocket_extensions.hpp"

namespace chatterlink::net {

/// Whether the request asks for a WebSocket at all: GET of HTTP/1.1 with "Connection: upgrade" and
/// "Upgrade: websocket" among its fields' elements, in any case. What else it must say, shake_hands() checks.
bool asks_for_websocket(const request_info& request) noexcept;

/// What a request says that asks for a WebSocket.
struct websocket_handshake {
    unsigned refused = 0;  // the HTTP status, 0 when it can be accepted: 400 malformed, 426 another version
    std::string_view why;  // for people
    std::string key;       // the request's Sec-WebSocket-Key, to be answered
    std::vector<websocket_extension> offers;  // for agree_on_deflate()
};

websocket_handshake shake_hands(const request_info& request);

/// The answer to one that is accepted: "HTTP/1.1 101 …" with its fields, and `further` ones.
std::string switching_protocols(std::string_view key, const std::optional<deflate_agreement>& deflate,
                                const std::vector<std::pair<std::string, std::string>>& further);

}  // namespace chatterlink::net
