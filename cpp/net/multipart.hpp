// multipart/form-data (RFC 7578, RFC 2046 §5.1.1): cuts a request body that is whole in memory into its
// parts.
//
// Sans I/O and linear in the size of the body: each byte is looked at a fixed number of times, whatever it
// is. Strict about what is malformed, since two readers that guess differently are how uploads get past
// checks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace chatterlink::net {

struct multipart_limits {
    std::size_t max_parts = 16;
    std::size_t max_header_bytes = 4096;  // of one part, line ends included
};

/// The longest boundary RFC 2046 §5.1.1 allows, in characters.
inline constexpr std::size_t max_boundary_size = 70;

struct multipart_part {
    std::string name;  // valid UTF-8 without NUL; may hold CR and LF, which browsers send as %0D and %0A
    /// As the sender gave it and as untrusted as that: it may hold `/`, `..`, CR, LF. Valid UTF-8 without
    /// NUL. `filename*` (RFC 5987) wins over `filename`.
    std::optional<std::string> filename;
    std::string content_type;  // the part's own claim; "text/plain" when it makes none (RFC 7578 §4.4)
    std::string_view body;     // points into the body that was parsed
};

/// The parts in the order sent; a form without fields is no parts.
/// `content_type` is the value of the request's Content-Type header. What stands before the first and after
/// the last boundary is ignored (RFC 2046). The views are valid as long as `body` is. Errors: bad_request,
/// with a sentence that says what is wrong.
base::result<std::vector<multipart_part>> parse_multipart(std::string_view content_type,
                                                          std::string_view body,
                                                          const multipart_limits& limits = {});

/// The boundary a Content-Type value names. Errors: bad_request (another media type, no boundary, a bad one).
base::result<std::string> multipart_boundary(std::string_view content_type);

}  // namespace chatterlink::net
