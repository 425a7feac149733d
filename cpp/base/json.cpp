#include "base/json.hpp"

#include <utility>

namespace chatterlink::base {
namespace {

// True if brackets outside of strings nest deeper than allowed. One pass, before anything is allocated.
bool too_deep(std::string_view text) noexcept {
    unsigned depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_json_depth) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace

result<json> parse_json(std::string_view text) {
    if (too_deep(text))
        return fail(errc::bad_payload, "JSON nested deeper than " + std::to_string(max_json_depth));
    auto value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return fail(errc::bad_payload, "malformed JSON");
    return result<json>(boost::system::in_place_value, std::move(value));
}

}  // namespace chatterlink::base
