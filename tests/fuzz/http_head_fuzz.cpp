// A request as http_session reads it: Beast's parser, bounded and watched for folded fields, then the rules
// of net/http_head, then the body within a limit. The same bytes in one piece and cut anywhere must be the
// same request.
#include "net/http_head.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>
#include <string>

#include "fuzz/fuzz.hpp"

namespace chatterlink::fuzzing {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t max_header = 512;
constexpr std::uint64_t max_body = 256;
constexpr std::size_t header_piece = 128;

// The read side of a connection that brings the input and then its end.
class stream {
  public:
    stream(std::string_view bytes, bool in_pieces) : whole_(bytes), pieces_(bytes), in_pieces_(in_pieces) {}

    template <class Buffers>
    std::size_t read_some(const Buffers& into, boost::system::error_code& failed) {
        if (waiting_.empty()) {
            waiting_ = in_pieces_ ? (pieces_.done() ? std::string_view{} : pieces_.next())
                                  : std::exchange(whole_, {});
        }
        if (waiting_.empty()) {
            failed = boost::asio::error::eof;
            return 0;
        }
        failed = {};
        const auto n = boost::asio::buffer_copy(into, boost::asio::buffer(waiting_.data(), waiting_.size()));
        waiting_.remove_prefix(n);
        return n;
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& into) {
        boost::system::error_code failed;
        return read_some(into, failed);
    }

  private:
    std::string_view whole_;
    std::string_view waiting_;
    cutter pieces_;
    bool in_pieces_;
};

struct outcome {
    bool taken = false;
    std::string request;  // request line, fields and body, as understood
    bool operator==(const outcome&) const = default;
};

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

// What every handler above may rely on.
void check_accepted(const net::request_parser::value_type& head) {
    require(head.version() == 10 || head.version() == 11, "the version is 1.0 or 1.1");
    require(is_token(head.method_string()), "a method is a token");
    const std::string_view target = head.target();
    require(!target.empty() && std::none_of(target.begin(), target.end(),
                                            [](unsigned char c) { return c <= ' ' || c == 0x7f; }),
            "a target has neither spaces nor control characters");
    for (const auto& field : head) {
        require(is_token(field.name_string()), "a field's name is a token (RFC 9110 §5.1)");
        const std::string_view value = field.value();
        require(std::none_of(value.begin(), value.end(),
                             [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; }),
                "a field's value holds no control character (RFC 9110 §5.5)");
    }
    const auto hosts = head.count(http::field::host);
    require(hosts == 1 || (hosts == 0 && head.version() == 10),
            "one Host, or none in HTTP/1.0 (RFC 9112 §3.2)");
    require(
        std::string_view(head[http::field::host]).find_first_of(" \t/@?#\\\"<>") == std::string_view::npos,
        "a Host is a name or an address");
    const auto lengths = head.count(http::field::content_length);
    const auto codings = head.count(http::field::transfer_encoding);
    require(lengths == 0 || codings == 0, "never Content-Length with Transfer-Encoding (RFC 9112 §6.1)");
    require(codings <= 1, "one Transfer-Encoding at the most");
    if (codings == 1) {
        std::string coding(head[http::field::transfer_encoding]);
        std::transform(coding.begin(), coding.end(), coding.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        require(coding == "chunked", "no coding but chunked");
    }
}

outcome read_request(std::string_view input, bool in_pieces) {
    stream from(input, in_pieces);
    boost::beast::flat_buffer buffer(max_header + 1024);
    net::chunk_limit chunks;
    net::request_parser parser;
    net::fold_watch folds;
    net::bound_header(parser, max_header);
    boost::system::error_code failed;
    while (!parser.is_header_done()) {
        const std::size_t room = std::min(header_piece, buffer.max_size() - buffer.size());
        if (room == 0) return {};
        buffer.commit(from.read_some(buffer.prepare(room), failed));
        if (failed) return {};
        if (net::feed_header(parser, buffer, folds)) return {};
    }
    if (net::check_head(parser.get()).has_error()) return {};
    if (net::to_origin_form(parser.get()).has_error()) return {};
    check_accepted(parser.get());
    // The parser takes no empty line before the request line: the first one ends the header.
    const auto header = input.substr(0, input.find("\r\n\r\n"));
    require(header.find("\n ") == header.npos && header.find("\n\t") == header.npos,
            "no field goes on in the next line (RFC 9112 §5.2)");
    if (const auto length = parser.content_length(); length && *length > max_body) return {};
    if (parser.chunked()) {
        chunks.watch(parser, max_body);
    } else {
        parser.body_limit(max_body);
    }
    parser.eager(true);
    while (!parser.is_done()) {
        http::read_some(from, buffer, parser, failed);
        if (failed) return {};
    }
    const auto& request = parser.get();
    require(request.body().size() <= max_body, "a body is never longer than its limit");
    outcome taken{true, {}};
    taken.request.append(request.method_string()).append(" ").append(request.target());
    for (const auto& field : request)
        taken.request.append("\n").append(field.name_string()).append(": ").append(field.value());
    taken.request.append("\n\n").append(request.body());
    return taken;
}

}  // namespace

void fuzz(std::string_view input) {
    const auto whole = read_request(input, false);
    const auto cut = read_request(input, true);
    if (whole.taken && cut.taken) require(whole == cut, "a request does not depend on where the network cut");
    // Within a few bytes of the limit a header may be found too large or not.
    if (input.find("\r\n\r\n") < max_header - 16)
        require(whole.taken == cut.taken,
                "whether a request is taken does not depend on where the network cut");
}

}  // namespace chatterlink::fuzzing
