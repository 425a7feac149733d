// Reads HTTP/1.1 requests from one connection, one after the other, and writes the answers (RFC 9112).
// Internal to net/: includes Beast.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "net/http.hpp"
#include "net/http_head.hpp"
#include "net/queued_stream.hpp"
#include "net/websocket_handshake.hpp"

namespace chatterlink::net {

class http_session final : public connection_owner, public std::enable_shared_from_this<http_session> {
  public:
    using parser = request_parser;
    using request = parser::value_type;

    http_session(std::shared_ptr<connection> c, http_handler& handler, const http_limits& limits,
                 const trusted_proxies& proxies);
    ~http_session() override;

    void start();
    void shutting_down() override;

    // For exchange.
    request& message() { return parser_->get(); }
    const request& message() const { return parser_->get(); }
    std::shared_ptr<const request_info> info();
    const websocket_handshake& handshake();
    const request_source& source();
    connection& lowest() noexcept { return *connection_; }
    void add_header(std::string name, std::string value) {
        extra_.emplace_back(std::move(name), std::move(value));
    }
    /// What add_header() was given; for an answer that is not written here.
    std::vector<std::pair<std::string, std::string>> take_headers() { return std::exchange(extra_, {}); }
    void respond(response r);
    void respond_file(response head, file_body file);
    void abandoned();  // an exchange was dropped without an answer
    void hand_over(exchange_ptr e, shard& to, std::function<void(exchange_ptr)> there);

    // For websocket: the connection, and what was read beyond the request.
    std::shared_ptr<connection> take_connection();
    boost::beast::flat_buffer& leftover() noexcept { return buffer_; }

  private:
    void read_header(bool first);
    void parse_header();
    void read_more_header();
    void on_header(const boost::system::error_code& failed);
    void on_body_done();
    std::string all_of(std::string_view name) const;
    void compress(response& r);
    void read_body();
    void handle();
    void next();
    void read_next();
    void when_drained(std::function<void()> then);
    void refuse(base::error why, unsigned status = 0);  // 0: the error's own status
    base::error too_large();
    void write_head(const response& r, std::optional<std::uint64_t> length);
    void send_file_piece();
    void start_deadline(base::milliseconds delay);
    void on_deadline();

    std::shared_ptr<connection> connection_;
    queued_stream stream_;
    http_handler& handler_;
    const http_limits& limits_;
    const trusted_proxies& proxies_;
    boost::beast::flat_buffer buffer_;
    chunk_limit chunks_;  // of parser_
    std::optional<parser> parser_;
    timer deadline_;
    enum class phase : std::uint8_t { idle, header, body, handling, streaming, over } phase_ = phase::idle;
    std::uint64_t window_bytes_ = 0;  // of the body, in this window
    bool keep_alive_ = false;
    bool head_only_ = false;
    file_body file_{};
    std::unique_ptr<body_watch> body_watch_;  // while this request's body is arriving
    fold_watch folds_;
    std::optional<request::header_type> head_;      // of a chunked request, as it was before the trailer
    std::optional<request_source> source_;          // of this request; nothing until asked for
    std::shared_ptr<const request_info> info_;      // the same
    std::optional<websocket_handshake> handshake_;  // the same
    std::vector<std::pair<std::string, std::string>> extra_;  // fields for this request's answer
};

}  // namespace chatterlink::net
