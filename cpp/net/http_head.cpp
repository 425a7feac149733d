#include "net/http_head.hpp"

#include <charconv>
#include <limits>

namespace chatterlink::net {

namespace http = boost::beast::http;

void bound_header(request_parser& parser, std::uint32_t max_header) {
    parser.header_limit(max_header);
    parser.body_limit(boost::none);  // set after the header, by the handler
    parser.eager(false);
}

bool fold_watch::sees(std::string_view here) {
    for (; seen_ < here.size() && !over_; ++seen_) {
        const char c = here[seen_];
        if (line_begins_ && (c == ' ' || c == '\t')) return true;
        line_begins_ = c == '\n';
        if (c == '\n') {
            over_ = line_empty_ && !first_line_;
            first_line_ = false;
            line_empty_ = true;
        } else if (c != '\r') {
            line_empty_ = false;
        }
    }
    return false;
}

base::result<void> check_head(const request_parser::value_type& head) {
    // RFC 9112 §6.1: what a proxy may read otherwise than this server is how requests are smuggled past it.
    // (Beast refuses Content-Length together with "chunked", and takes a request with another coding for one
    // without a body.)
    if (const auto codings = head.count(http::field::transfer_encoding); codings > 0) {
        if (head.find(http::field::content_length) != head.end())
            return base::fail(base::errc::bad_request, "Content-Length and Transfer-Encoding in one request");
        if (codings > 1 || !boost::beast::iequals(head[http::field::transfer_encoding], "chunked"))
            return base::fail(base::errc::bad_request, "a Transfer-Encoding other than chunked");
    }
    // A length beyond 2^63 fits no file and no counter: whoever stands in between may take it for a negative
    // one.
    if (const auto length = head[http::field::content_length]; !length.empty()) {
        std::uint64_t n = 0;
        const auto end = std::from_chars(length.data(), length.data() + length.size(), n);
        if (end.ec != std::errc{} || end.ptr != length.data() + length.size() ||
            n > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return base::fail(base::errc::bad_request, "a Content-Length that no body can have");
    }
    if (head.count(http::field::host) > 1)  // RFC 9112 §3.2
        return base::fail(base::errc::bad_request, "more than one Host");
    return {};
}

}  // namespace chatterlink::net
