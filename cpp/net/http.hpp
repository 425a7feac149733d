// HTTP as the layers above see it: one exchange (a request and its answer), and who handles it.
// Beast's types stay inside net/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/shared_buffer.hpp"
#include "net/connection.hpp"
#include "net/request_info.hpp"
#include "net/trusted_proxies.hpp"

namespace chatterlink::net {

struct http_limits {
    std::uint32_t max_header = 16 * 1024;       // bytes of request line and header fields: 431 beyond
    base::milliseconds header_timeout{10'000};  // from the first byte wanted to the end of the header
    // No further request is read while more of earlier answers waits for the reader. With one more answer
    // that must stay below what connection_limits lets wait.
    std::size_t pipelined_bytes = 256 * 1024;
    base::milliseconds idle_timeout{60'000};     // between two requests on one connection
    base::milliseconds body_window{10'000};      // in each window of this length …
    std::uint64_t body_window_bytes = 8 * 1024;  // … at least this much of a body has to arrive
};

struct response {
    unsigned status = 200;
    std::string content_type{};  // none when empty
    std::vector<std::pair<std::string, std::string>>
        headers{};                  // further fields; server-made, never echoed input
    base::buffer_ptr body{};        // may be null
    bool close = false;             // end the connection after it
    std::size_t compress_from = 0;  // gzip a body of at least so many bytes if the client takes it; 0: never

    static response text(unsigned status, std::string_view body);
    static response json(unsigned status, std::string_view body);
    /// {"ok":false,"error":{code,message[,retry_after_ms]}} with the code's HTTP status.
    static response failure(const base::error& e);
};

/// What response::compress_from is where nobody says otherwise: below it, gzip saves next to nothing.
inline constexpr std::size_t compress_threshold = 1024;

/// A part of a file to send: the descriptor is closed when done.
struct file_body {
    int descriptor = -1;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;  // where the part begins
};

class http_session;
struct websocket_handshake;

/// One request. Held by shared_ptr until answered; exactly one of the answering members is called, once, on
/// the connection's shard. If it is dropped unanswered, the client gets 500.
class exchange : public std::enable_shared_from_this<exchange> {
  public:
    explicit exchange(std::shared_ptr<http_session> session);
    ~exchange();

    std::string_view method() const;                       // "GET"
    std::string_view target() const;                       // as sent: path and query
    std::string_view path() const;                         // not decoded
    std::string_view query() const;                        // without '?'; empty when there is none
    std::string_view header(std::string_view name) const;  // first of that name; empty when absent
    std::string_view body() const;
    bool wants_websocket() const;  // a WebSocket upgrade request (RFC 6455 §4.2.1)
    /// What it says of the WebSocket that it wants. Made at the first call, gone with the request.
    const websocket_handshake& handshake() const;
    /// Where it came from and what it was sent to, as the client knows it: with trusted proxies in front,
    /// what they say (trusted_proxies.hpp).
    const request_source& source() const;
    const std::string& remote_address() const { return source().address; }
    const std::string& host() const { return source().host; }
    bool secure() const { return source().secure; }
    shard& home() const;

    /// What the request said and where it came from, to be kept for longer than the exchange. Made at the
    /// first call.
    std::shared_ptr<const request_info> info() const;

    /// A field that goes out with whatever answers this request (CORS). Server-made values only.
    void add_header(std::string name, std::string value);

    void respond(response r);
    /// Sends a file in pieces as the client takes them; `head.body` is ignored.
    void respond_file(response head, file_body file);

    /// `aborted` is called when the client closes the connection while the answer is held back.
    void on_abort(std::function<void()> aborted);

    /// Continues on another shard: the connection moves there, then `there` is called with this exchange.
    /// For a request that belongs to something living on that shard (an Engine.IO session).
    void hand_over(shard& to, std::function<void(std::shared_ptr<exchange>)> there);

    /// For net::websocket: the session gives up its connection. Afterwards the exchange counts as answered.
    std::shared_ptr<http_session> take_session();

  private:
    std::shared_ptr<http_session> session_;  // null once answered
};

using exchange_ptr = std::shared_ptr<exchange>;

/// Waits with a request for its body. Destroyed without arrived(): the body did not come whole.
class body_watch {
  public:
    virtual ~body_watch() = default;
    /// The body is there; the request's handle() is called next.
    virtual void arrived() = 0;
};

/// Handles requests; called on the connection's shard.
class http_handler {
  public:
    virtual ~http_handler() = default;

    /// After the header: how many bytes of body may be read. A longer body is refused with 413.
    virtual std::uint64_t body_limit(const exchange& e) = 0;

    /// After body_limit() of a request whose body has not come with its header: whether to be told of what
    /// becomes of it. Null: no.
    virtual std::unique_ptr<body_watch> body_expected(const exchange&) { return nullptr; }

    /// What a client is told whose body is longer.
    virtual base::error too_large(const exchange& e, std::uint64_t limit);

    /// After the body.
    virtual void handle(exchange_ptr e) = 0;
};

/// Value of a key in a query string, percent-decoded; nullopt when absent or malformed.
std::optional<std::string> query_value(std::string_view query, std::string_view key);

/// Percent-decoding of a path; nullopt when malformed or when it holds NUL.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace chatterlink::net
