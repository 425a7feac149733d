// JSON from outside, read with bounds. nlohmann/json is what values are, and reads MessagePack; Boost.JSON's
// parser reads text, in a third of the time (`make bench-micro`, json_parse). Written it is by json_text.hpp.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace chatterlink::base {

using json = nlohmann::json;

/// Arrays and objects inside one another. The parser recurses when values are destroyed and printed; this
/// bounds it.
inline constexpr unsigned max_json_depth = 32;

/// Errors: bad_payload (not JSON, nested too deep, a key twice in one object, a number or, whatever the
/// number, an exponent of ten digits out of range, text that is not UTF-8).
result<json> parse_json(std::string_view text);

/// MessagePack with the same bounds. Binary data and extension types become JSON binaries (the type as
/// subtype), but for extension type 0 with one byte 0, JavaScript's undefined, which becomes null. Errors:
/// bad_payload, also for a length beyond the input's and a number that is not finite.
result<json> parse_msgpack(std::string_view bytes);

}  // namespace chatterlink::base
