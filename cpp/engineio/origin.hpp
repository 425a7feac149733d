// Which browser pages may talk to this server, and what they are told (Fetch, "CORS protocol").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace chatterlink::engineio {

/// A request without Origin (not from a browser's page, or a same-origin GET) always may.
/// The default is the page's own host only; a foreign or "null" origin gets 403.
struct origin_policy {
    bool same_origin = true;             // the page's own host, as the request's Host says
    std::vector<std::string> allowed{};  // exact origins ("https://chat.example"), answered with CORS headers
    bool any = false;  // every page: answered with "*", never with credentials (Fetch forbids the pair)
    bool credentials = false;  // listed pages may send cookies: Access-Control-Allow-Credentials
    bool check = true;         // false: no page is refused and no CORS header sent; somebody else sees to it
    std::vector<std::string> allowed_headers{};  // of a preflight; empty: those it asks for

    /// `secure`: the request came over TLS; then the page's own host counts only as https.
    bool allows(std::string_view origin, std::string_view host, bool secure = false) const;
    bool is_listed(std::string_view origin) const;

    /// Adds the fields that the answer to a request owes a browser: which page may read it, and Vary.
    /// For requests that allows() let through.
    void add_headers(net::exchange& e) const;

    /// The answer to a preflight (OPTIONS): the methods and header fields a listed page may send.
    net::response preflight(const net::exchange& e) const;
};

}  // namespace chatterlink::engineio
