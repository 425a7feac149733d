#include "net/http_head.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/ascii.hpp"

namespace chatterlink::net {

namespace http = boost::beast::http;

namespace {

// What fits a file's size and a counter: whoever stands in between may take more for a negative number.
constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A registered name or an IPv4 address (RFC 3986 §3.2.2).
bool is_name(std::string_view text) {
    constexpr std::string_view others = "-._~!$&'()*+,;=";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (base::is_alphanumeric(c)) continue;
        if (others.find(c) != std::string_view::npos) continue;
        if (c != '%' || i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
        i += 2;
    }
    return true;
}

// uri-host [ ":" port ] (RFC 9110 §7.2). Empty is well-formed: so says a client for whose URI there is none.
bool is_host(std::string_view text) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        in6_addr ignored{};
        if (::inet_pton(AF_INET6, std::string(text.substr(1, end - 1)).c_str(), &ignored) != 1) return false;
        port = text.substr(end + 1);
    } else {
        const auto end = std::min(text.find(':'), text.size());
        if (!is_name(text.substr(0, end))) return false;
        port = text.substr(end);
    }
    if (port.empty()) return true;
    return port.front() == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

base::result<void> check_host(const request_parser::value_type& head) {
    const auto count = head.count(http::field::host);
    if (count > 1) return base::fail(base::errc::bad_request, "more than one Host");
    if (count == 0 && head.version() >= 11)
        return base::fail(base::errc::bad_request, "a request without Host");
    if (count == 1 && !is_host(head[http::field::host]))
        return base::fail(base::errc::bad_request, "a Host that is neither a name nor an address");
    return {};
}

}  // namespace

void bound_header(request_parser& parser, std::uint32_t max_header) {
    parser.header_limit(max_header);
    parser.body_limit(boost::none);  // set after the header, by the handler
    parser.eager(false);
}

bool fold_watch::sees(std::string_view here) {
    while (seen_ < here.size() && !over_) {
        if (line_begins_ && base::is_blank(here[seen_])) return true;
        const auto end = std::min(here.find('\n', seen_), here.size());
        const auto text = here.find_first_not_of('\r', seen_);
        line_empty_ = line_empty_ && text >= end;
        line_begins_ = end < here.size();
        if (line_begins_) {
            over_ = line_empty_ && !first_line_;
            first_line_ = false;
            line_empty_ = true;
        }
        seen_ = std::min(end + 1, here.size());
    }
    return false;
}

boost::system::error_code feed_header(request_parser& parser, boost::beast::flat_buffer& buffer,
                                      fold_watch& folds) {
    const auto here = buffer.data();
    if (folds.sees({static_cast<const char*>(here.data()), here.size()})) return http::error::bad_obs_fold;
    boost::system::error_code failed;
    const std::size_t used = parser.put(here, failed);
    buffer.consume(used);
    folds.consumed(used);
    if (failed == http::error::need_more) failed = {};
    return failed;
}

void chunk_limit::watch(request_parser& parser, std::uint64_t limit) {
    left_ = limit;
    parser.on_chunk_header(*this);
}

void chunk_limit::operator()(std::uint64_t size, std::string_view, boost::system::error_code& failed) {
    if (size > longest) {
        failed = http::error::bad_chunk;
    } else if (size > left_) {
        failed = http::error::body_limit;
    } else {
        left_ -= size;
    }
}

base::result<void> check_head(const request_parser::value_type& head) {
    // RFC 9112 §6.1: what a proxy may read otherwise than this server is how requests are smuggled past it.
    // (Beast refuses Content-Length together with "chunked", and takes a request with another coding for one
    // without a body.)
    if (const auto codings = head.count(http::field::transfer_encoding); codings > 0) {
        if (head.find(http::field::content_length) != head.end())
            return base::fail(base::errc::bad_request, "Content-Length and Transfer-Encoding in one request");
        if (codings > 1 || !base::same_word(head[http::field::transfer_encoding], "chunked"))
            return base::fail(base::errc::bad_request, "a Transfer-Encoding other than chunked");
    }
    if (const auto length = head[http::field::content_length]; !length.empty()) {
        std::uint64_t n = 0;
        const auto end = std::from_chars(length.data(), length.data() + length.size(), n);
        if (end.ec != std::errc{} || end.ptr != length.data() + length.size() || n > longest)
            return base::fail(base::errc::bad_request, "a Content-Length that no body can have");
    }
    return check_host(head);  // RFC 9112 §3.2
}

base::result<void> to_origin_form(request_parser::value_type& head) {
    std::string_view target(head.target().data(), head.target().size());
    const auto scheme = target.substr(0, target.find("://"));
    if (scheme.size() == target.size()) return {};
    if (!base::same_word(scheme, "http") && !base::same_word(scheme, "https")) return {};
    target.remove_prefix(scheme.size() + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    const std::string host(target.substr(0, end));
    if (host.empty() || !is_host(host))
        return base::fail(base::errc::bad_request, "a target whose host is neither a name nor an address");
    std::string rest(target.substr(end));
    if (!rest.starts_with('/')) rest.insert(0, 1, '/');
    head.target(rest);
    head.set(http::field::host, host);
    return {};
}

}  // namespace chatterlink::net
