// The negotiation of permessage-deflate (RFC 7692 §7.1) in Sec-WebSocket-Extensions (RFC 6455 §9.1), the
// server's side: offers in, what was agreed and the answer's field out. No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/deflate.hpp"

namespace chatterlink::net {

/// One element of the field: a name and its parameters, in order; a parameter may have no value.
struct websocket_extension {
    struct parameter {
        std::string name;
        std::optional<std::string> value;
    };
    std::string name;  // in lower case, as the parameters' names
    std::vector<parameter> parameters;
};

/// Most elements and parameters that a field may list; a longer one is malformed.
constexpr std::size_t max_extension_parts = 64;

/// The elements of one field's value (RFC 6455 §9.1; a value may be quoted). nullopt when malformed, for
/// which the handshake is refused. Empty elements are left out.
std::optional<std::vector<websocket_extension>> parse_websocket_extensions(std::string_view field);

/// What both sides agreed on.
struct deflate_agreement {
    int server_window_bits = largest_window;  // of what goes out: never a larger window
    int client_window_bits = largest_window;  // of what comes in
    bool client_takeover = false;             // messages that come in may refer to earlier ones
    std::string answer;                       // the value of the answer's Sec-WebSocket-Extensions
};

/// The first offer of permessage-deflate that can be taken; nullopt when there is none, or it is switched
/// off. An offer with an unknown, doubled or invalid parameter is declined as a whole (§5.1, §7.1). What goes
/// out never refers to earlier messages, whatever the offer says: a broadcast has one compressed form for
/// everybody.
std::optional<deflate_agreement> agree_on_deflate(const std::vector<websocket_extension>& offers,
                                                  const deflate_settings& how);

}  // namespace chatterlink::net
