// What is asked of a request's header beyond what Beast's parser sees to. A file of its own, so that the
// fuzzer (tests/fuzz/http_head_fuzz.cpp) runs the very rules that http_session does. Internal to net/:
// includes Beast.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>

#include "base/error.hpp"

namespace chatterlink::net {

using request_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// Bounds a new parser: bytes of the header (Beast's http::error::header_limit beyond); the body is not read
/// before somebody has looked at the header and set its limit.
void bound_header(request_parser& parser, std::uint32_t max_header);

/// A whole header. Errors: bad_request with a sentence; the connection is then closed, since where the
/// request ends is in doubt (RFC 9112 §6.1).
base::result<void> check_head(const request_parser::value_type& head);

}  // namespace chatterlink::net
