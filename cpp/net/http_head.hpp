// What is asked of a request's header beyond what Beast's parser sees to. A file of its own, so that the
// fuzzer (tests/fuzz/http_head_fuzz.cpp) runs the very rules that http_session does. Internal to net/:
// includes Beast.
#pragma once

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"

namespace chatterlink::net {

using request_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// Bounds a new parser: bytes of the header (Beast's http::error::header_limit beyond); the body is not read
/// before somebody has looked at the header and set its limit.
void bound_header(request_parser& parser, std::uint32_t max_header);

/// Looks for folded fields (a line that goes on in the next, RFC 9112 §5.2), which Beast takes and proxies
/// read in more than one way. Sees a header as it arrives, each byte once.
class fold_watch {
  public:
    /// `here`: everything that is in the buffer, what was seen before in front. True when there is a fold.
    bool sees(std::string_view here);
    /// So many bytes have left the buffer at its front.
    void consumed(std::size_t n) noexcept { seen_ -= std::min(n, seen_); }

  private:
    std::size_t seen_ = 0;  // bytes at the buffer's front
    bool line_begins_ = false;
    bool line_empty_ = true;
    bool first_line_ = true;
    bool over_ = false;  // the empty line was there: what follows is the body
};

/// A whole header. Errors: bad_request with a sentence; the connection is then closed, since where the
/// request ends is in doubt (RFC 9112 §6.1).
base::result<void> check_head(const request_parser::value_type& head);

}  // namespace chatterlink::net
