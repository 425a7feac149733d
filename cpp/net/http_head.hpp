// What is asked of a request's header beyond what Beast's parser sees to. A file of its own, so that the
// fuzzer (tests/fuzz/http_head_fuzz.cpp) runs the very rules that http_session does. Internal to net/:
// includes Beast.
#pragma once

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
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

/// Takes of a header what is in the buffer, after the watch has seen it. The header is whole when
/// parser.is_header_done(); otherwise more has to be read. Errors: http::error, of which bad_obs_fold is a
/// folded field.
boost::system::error_code feed_header(request_parser& parser, boost::beast::flat_buffer& buffer,
                                      fold_watch& folds);

/// Holds a chunked body to its limit: http::error::body_limit beyond, and bad_chunk for a size above 2^63−1,
/// as for a Content-Length. (Beast's own limit takes each size of 64 bits for a body that is too long.)
class chunk_limit {
  public:
    /// From its next chunk on. This has to stay where it is for as long as the parser lives.
    void watch(request_parser& parser, std::uint64_t limit);

    /// For the parser: the header of a chunk was read.
    void operator()(std::uint64_t size, std::string_view extensions, boost::system::error_code& failed);

  private:
    std::uint64_t left_ = 0;
};

/// A whole header. Errors: bad_request with a sentence; the connection is then closed, since where the
/// request ends is in doubt (RFC 9112 §6.1).
base::result<void> check_head(const request_parser::value_type& head);

/// Makes of a target with scheme and authority (absolute-form, as for a proxy) the path and query alone, and
/// of the authority the Host, whatever that was (RFC 9112 §3.2.2). Any other target is left as it is. Errors:
/// bad_request.
base::result<void> to_origin_form(request_parser::value_type& head);

}  // namespace chatterlink::net
