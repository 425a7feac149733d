#include "engineio/origin.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace chatterlink::engineio {
namespace {

constexpr std::size_t max_requested_headers = 1024;  // bytes of a preflight's list that is given back
constexpr const char* preflight_age = "600";         // seconds a browser may remember the answer

// The authority of a page's origin ("https://chat.example:8443" -> "chat.example:8443"); empty for "null",
// "file://" and the like.
std::string_view authority_of(std::string_view origin) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (origin.starts_with(scheme)) return origin.substr(scheme.size());
    }
    return {};
}

// A list of field names, as Access-Control-Request-Headers has it: nothing else is ever given back.
bool is_field_list(std::string_view text) {
    return !text.empty() && text.size() <= max_requested_headers &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return base::is_alphanumeric(c) || c == '-' || c == '_' || c == ',' || c == ' ';
           });
}

std::string joined(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list.append(list.empty() ? "" : ", ").append(name);
    return list;
}

}  // namespace

bool origin_policy::is_listed(std::string_view origin) const {
    return std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
}

bool origin_policy::allows(std::string_view origin, std::string_view host, bool secure) const {
    if (!check || any || origin.empty() || is_listed(origin)) return true;
    if (!same_origin || (secure && !origin.starts_with("https://"))) return false;
    const auto authority = authority_of(origin);
    return !authority.empty() && authority == host;
}

void origin_policy::add_headers(net::exchange& e) const {
    if (!check) return;
    const auto origin = e.header("Origin");
    if (any) {
        if (!origin.empty()) e.add_header("Access-Control-Allow-Origin", "*");
        return;
    }
    if (allowed.empty()) return;  // no page but the own one, which needs no permission
    e.add_header("Vary", "Origin");
    if (origin.empty() || !is_listed(origin)) return;
    e.add_header("Access-Control-Allow-Origin", std::string(origin));
    if (credentials) e.add_header("Access-Control-Allow-Credentials", "true");
}

net::response origin_policy::preflight(const net::exchange& e) const {
    net::response r;
    r.status = 204;
    if (!check || !(any || is_listed(e.header("Origin")))) return r;
    r.headers = {{"Access-Control-Allow-Methods", "GET, POST"}, {"Access-Control-Max-Age", preflight_age}};
    const auto asked = e.header("Access-Control-Request-Headers");
    if (!allowed_headers.empty()) {
        r.headers.emplace_back("Access-Control-Allow-Headers", joined(allowed_headers));
    } else if (is_field_list(asked)) {
        r.headers.emplace_back("Access-Control-Allow-Headers", std::string(asked));
        r.headers.emplace_back("Vary", "Access-Control-Request-Headers");
    }
    return r;
}

}  // namespace chatterlink::engineio
