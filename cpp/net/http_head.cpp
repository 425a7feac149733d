#include "net/http_head.hpp"

namespace chatterlink::net {

namespace http = boost::beast::http;

void bound_header(request_parser& parser, std::uint32_t max_header) {
    parser.header_limit(max_header);
    parser.body_limit(boost::none);  // set after the header, by the handler
    parser.eager(false);
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
    return {};
}

}  // namespace chatterlink::net
