// Which part of something a request asks for (RFC 9110 §14): one range of bytes, and If-Range.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http.hpp"

namespace chatterlink::net {

struct content_range {
    enum class kind : std::uint8_t { whole, part, unsatisfiable };
    kind what = kind::whole;
    std::uint64_t first = 0;
    std::uint64_t size = 0;  // bytes from there

    friend bool operator==(const content_range&, const content_range&) = default;
};

/// `range` and `if_range` are the fields' values, empty when absent. A range that is malformed, of another
/// unit, or one of several is passed over: the whole is sent, as is allowed (§14.2). So is the whole when
/// If-Range names another version than `etag` (strong comparison; a date never fits).
content_range select_range(std::string_view range, std::string_view if_range, std::string_view etag,
                           std::uint64_t size);

/// What to send of a thing with so many bytes to a request, and the head's status and fields to go with it
/// (200, 206 or 416, Accept-Ranges, Content-Range).
content_range select_range(const exchange& e, std::string_view etag, std::uint64_t size, response& head);

}  // namespace chatterlink::net
