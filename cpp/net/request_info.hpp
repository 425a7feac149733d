// What a request said about itself and where it came from, apart from its body: a copy that outlives the
// request, for whoever decides later or elsewhere (Engine.IO's and Socket.IO's handlers, Python's environ).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatterlink::net {

/// Never changed once made, so any thread may read it.
struct request_info {
    std::string method;    // "GET"
    std::string target;    // as sent: path and query
    unsigned version = 0;  // of HTTP: 10 or 11
    std::vector<std::pair<std::string, std::string>>
        fields;  // every header field in order, equal names side by side, names as sent
    // As the client knows it; with trusted proxies in front, what they say (request_source).
    std::string remote_address;     // as text without port; empty for a Unix socket
    std::uint16_t remote_port = 0;  // 0: not known
    std::uint16_t local_port = 0;   // 0 for a Unix socket
    bool secure = false;            // the client's own connection is encrypted
    std::string host{};             // the authority it asked for

    std::string_view path() const noexcept;   // not decoded
    std::string_view query() const noexcept;  // without '?'; empty when there is none
    /// The first field of that name, whatever the case; empty when absent.
    std::string_view header(std::string_view name) const noexcept;
};

}  // namespace chatterlink::net
