// What an Engine.IO server can be told, with its defaults: the options of Socket.IO's server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/deflate.hpp"

namespace chatterlink::engineio {

enum class transport : std::uint8_t { polling, websocket };

/// "polling", "websocket": as in the query of a request.
constexpr std::string_view transport_name(transport t) noexcept {
    return t == transport::polling ? "polling" : "websocket";
}

/// A cookie with the session's id that a polling handshake's answer sets (RFC 6265 §4.1). The server itself
/// never reads it: it is for proxies that choose a machine by it.
struct cookie {
    std::string name = "io";
    std::optional<std::string> path = "/";
    bool http_only = true;
    std::optional<std::string> same_site = "Lax";
    bool secure = false;
    std::optional<std::int64_t> max_age{};                      // seconds
    std::vector<std::pair<std::string, std::string>> others{};  // name and value, in order; empty value: none
};

struct settings {
    std::string path = "/engine.io/";  // for the router: everything below it is this server's

    bool polling = true;  // which transports there are
    bool websocket = true;
    bool allow_upgrades = true;  // from polling to WebSocket

    base::milliseconds ping_interval{25'000};
    base::milliseconds ping_grace{0};  // added to the interval that clients are told, not to the pings
    base::milliseconds ping_timeout{20'000};
    bool monitor = true;  // whether a session whose pong is missing ends

    base::milliseconds upgrade_timeout{10'000};  // from the probing WebSocket to its upgrade packet
    base::milliseconds connect_timeout{45'000};  // for the application to accept or refuse a new session
    base::milliseconds close_timeout{10'000};  // for the poll that takes the last packets of a closed session

    // Of one shard; further ones are refused with 503. Those that poll need no descriptor, so nothing else
    // ends what they take of the memory.
    std::size_t max_sessions = 100'000;

    std::uint32_t max_payload = 1'000'000;  // bytes of one message or one POST: close code 1009, status 413
    // Bytes that may wait for the next poll: more for longer than `poll_catch_up`, or `poll_burst` times as
    // many at any time, is a slow consumer's. As for a WebSocket (net::connection_limits).
    std::size_t max_poll_queue = 1024 * 1024;
    base::milliseconds poll_catch_up{2'000};
    std::size_t poll_burst = 2;

    // Answers to polls are compressed from so many bytes on for clients that take gzip; 0: never.
    std::size_t compress_polls_from = 1024;

    net::deflate_settings deflate{};  // permessage-deflate on WebSockets (RFC 7692): off

    std::optional<engineio::cookie> cookie{};

    bool has(transport t) const noexcept { return t == transport::polling ? polling : websocket; }
};

}  // namespace chatterlink::engineio
