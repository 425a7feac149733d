#include "engineio/cookie.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace chatterlink::engineio {
namespace {

// av-octets of RFC 6265 §4.1.1: what cannot end the attribute or the header field.
bool is_attribute_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f' && c != ';'; });
}

base::error bad(std::string_view what) {
    return base::fail(base::errc::config_invalid, "cookie: not usable as " + std::string(what));
}

}  // namespace

std::string set_cookie(const cookie& how, std::string_view sid) {
    std::string field = how.name;
    field.append("=").append(sid);
    if (how.path) field.append("; Path=").append(*how.path);
    if (how.max_age) field.append("; Max-Age=").append(std::to_string(*how.max_age));
    if (how.http_only) field.append("; HttpOnly");
    if (how.secure) field.append("; Secure");
    if (how.same_site) field.append("; SameSite=").append(*how.same_site);
    for (const auto& [name, value] : how.others) {
        field.append("; ").append(name);
        if (!value.empty()) field.append("=").append(value);
    }
    return field;
}

base::result<void> check_cookie(const cookie& how) {
    if (!base::is_token(how.name)) return bad("a name: '" + how.name + "'");
    if (how.path && (!how.path->starts_with('/') || !is_attribute_value(*how.path))) return bad("Path");
    if (how.same_site && *how.same_site != "Strict" && *how.same_site != "Lax" && *how.same_site != "None")
        return bad("SameSite: Strict, Lax and None are");
    for (const auto& [name, value] : how.others) {
        if (!base::is_token(name)) return bad("an attribute: '" + name + "'");
        if (!is_attribute_value(value)) return bad(name);
    }
    return {};
}

}  // namespace chatterlink::engineio
