#include "net/http_session.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <iterator>
#include <utility>

#include "base/ascii.hpp"
#include "base/log.hpp"
#include "net/gzip.hpp"
#include "net/static_files.hpp"

namespace chatterlink::net {
namespace {

namespace http = boost::beast::http;

// Bytes read and not understood yet, beyond a header of the largest size. What has to be here whole before it
// is understood may be no longer than both: a chunk's extensions, the trailer.
constexpr std::size_t read_ahead = 4 * 1024;
constexpr std::size_t header_piece = 4 * 1024;  // bytes read at a time before the body
constexpr std::size_t file_piece = 256 * 1024;  // bytes of a file in the queue at a time

}  // namespace

http_session::http_session(std::shared_ptr<connection> c, http_handler& handler, const http_limits& limits,
                           const trusted_proxies& proxies)
    : connection_(std::move(c)),
      stream_(connection_),
      handler_(handler),
      limits_(limits),
      proxies_(proxies),
      buffer_(limits.max_header + read_ahead),
      deadline_([](void* self) { static_cast<http_session*>(self)->on_deadline(); }, this) {}

http_session::~http_session() {
    if (file_.descriptor >= 0) ::close(file_.descriptor);
}

void http_session::start() {
    connection_->set_owner(weak_from_this());
    read_header(true);
}

void http_session::start_deadline(base::milliseconds delay) {
    connection_->home().start_timer(deadline_, delay);
}

void http_session::read_header(bool first) {
    phase_ = first || buffer_.size() > 0 ? phase::header : phase::idle;
    parser_.emplace();
    info_.reset();
    handshake_.reset();
    bound_header(*parser_, limits_.max_header);
    start_deadline(phase_ == phase::header ? limits_.header_timeout : limits_.idle_timeout);
    folds_ = {};
    head_.reset();
    source_.reset();
    if (buffer_.size() > 0) return parse_header();
    read_more_header();
}

// Looks at what is in the buffer; reads on when that is not the whole header.
void http_session::parse_header() {
    const auto failed = feed_header(*parser_, buffer_, folds_);
    if (failed || parser_->is_header_done()) return on_header(failed);
    // Part of the header is here: from now on the whole of it is due in time (not once more for each piece).
    if (phase_ == phase::idle) {
        phase_ = phase::header;
        start_deadline(limits_.header_timeout);
    }
    read_more_header();
}

void http_session::read_more_header() {
    const std::size_t room = std::min(header_piece, buffer_.max_size() - buffer_.size());
    if (room == 0) return on_header(http::error::header_limit);
    const auto space = buffer_.prepare(room);
    connection_->async_read(
        {static_cast<char*>(space.data()), space.size()},
        [self = shared_from_this()](const boost::system::error_code& failed, std::size_t n) {
            self->buffer_.commit(n);
            if (self->phase_ != phase::idle && self->phase_ != phase::header) return;
            if (failed == boost::asio::error::eof) {
                return self->on_header(self->parser_->got_some() || self->buffer_.size() > 0
                                           ? http::error::partial_message
                                           : http::error::end_of_stream);
            }
            if (failed) return self->on_header(failed);
            self->parse_header();
        });
}

void http_session::on_header(const boost::system::error_code& failed) {
    if (phase_ == phase::over) return;
    if (failed == http::error::end_of_stream) {
        phase_ = phase::over;
        deadline_.cancel();
        connection_->close_after_flush();
        return;
    }
    if (failed == http::error::header_limit) {
        return refuse(
            base::fail(base::errc::bad_request, "the request header is larger than this server takes"), 431);
    }
    if (failed) {
        if (failed.category() == make_error_code(http::error::bad_method).category()) {
            return refuse(base::fail(base::errc::bad_request, "malformed HTTP request: " + failed.message()));
        }
        phase_ = phase::over;
        deadline_.cancel();
        connection_->close_now();
        return;
    }
    auto& head = parser_->get();
    if (auto fine = check_head(head); fine.has_error()) return refuse(fine.error());
    if (auto fine = to_origin_form(head); fine.has_error()) return refuse(fine.error());
    if (head.chunked()) head_.emplace(head.base());
    keep_alive_ = head.keep_alive();
    head_only_ = head.method() == http::verb::head;

    std::uint64_t limit = 0;
    {
        exchange peek(shared_from_this());
        limit = handler_.body_limit(peek);
        peek.take_session();  // looked at, not to be answered
    }
    const auto length = parser_->content_length();
    if (length && *length > limit) {
        return refuse(too_large());
    }
    if (head.chunked()) {
        chunks_.watch(*parser_, limit);
    } else {
        parser_->body_limit(limit);
    }
    if (!parser_->is_done() && (!length || buffer_.size() < *length)) {
        exchange peek(shared_from_this());
        body_watch_ = handler_.body_expected(peek);
        peek.take_session();
    }
    if (!parser_->is_done() && base::same_word(head[http::field::expect], "100-continue")) {
        connection_->send(base::shared_buffer::copy_of("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    phase_ = phase::body;
    window_bytes_ = 0;
    start_deadline(limits_.body_window);
    parser_->eager(true);
    read_body();
}

std::shared_ptr<const request_info> http_session::info() {
    if (info_) return info_;
    const auto& head = parser_->get();
    auto made = std::make_shared<request_info>();
    made->method = std::string(head.method_string());
    made->target = std::string(head.target());
    made->version = head.version();
    made->fields.reserve(static_cast<std::size_t>(std::distance(head.begin(), head.end())));
    for (const auto& field : head)
        made->fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    const auto& from = source();
    made->remote_address = from.address;
    made->remote_port = from.port;
    made->host = from.host;
    made->secure = from.secure;
    made->local_port = connection_->local_port();
    return info_ = std::move(made);
}

const websocket_handshake& http_session::handshake() {
    return handshake_ ? *handshake_ : handshake_.emplace(shake_hands(*info()));
}

// Every line of that name, as one list (RFC 9110 §5.3).
std::string http_session::all_of(std::string_view name) const {
    std::string list;
    const auto same = message().equal_range(name);
    for (auto field = same.first; field != same.second; ++field)
        list.append(list.empty() ? "" : ",").append(field->value());
    return list;
}

const request_source& http_session::source() {
    if (source_) return *source_;
    auto peer = connection_->remote();
    request_source direct{std::move(peer.address), peer.port, std::string(message()[http::field::host]),
                          connection_->secure()};
    if (proxies_.empty()) return source_.emplace(std::move(direct));
    return source_.emplace(
        source_behind(proxies_, std::move(direct),
                      {all_of("X-Forwarded-For"), all_of("X-Forwarded-Proto"), all_of("X-Forwarded-Host")}));
}

// What a trailer says is thrown away: it must not pass for a field of the header (RFC 9110 §6.5.1).
void http_session::on_body_done() {
    if (head_) parser_->get().base() = std::move(*head_);
    head_.reset();
    handle();
}

void http_session::read_body() {
    if (parser_->is_done()) return on_body_done();
    http::async_read_some(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const boost::system::error_code& failed, std::size_t n) {
            if (self->phase_ != phase::body) return;
            if (failed == http::error::body_limit) {
                return self->refuse(self->too_large());
            }
            if (failed) {
                if (failed.category() == make_error_code(http::error::bad_method).category() &&
                    failed != http::error::partial_message) {
                    return self->refuse(
                        base::fail(base::errc::bad_request, "malformed HTTP body: " + failed.message()));
                }
                self->phase_ = phase::over;
                self->deadline_.cancel();
                return self->connection_->close_now();
            }
            self->window_bytes_ += n;
            self->read_body();
        });
}

void http_session::handle() {
    phase_ = phase::handling;
    deadline_.cancel();
    auto e = std::make_shared<exchange>(shared_from_this());
    try {
        if (const auto watch = std::move(body_watch_)) watch->arrived();
        handler_.handle(e);
    } catch (const std::exception& failure) {
        spdlog::error("{} {}: {}", std::string(e->method()), std::string(e->path()), failure.what());
        // `e` is dropped unanswered if the handler had not answered: 500.
    }
}

void http_session::write_head(const response& r, std::optional<std::uint64_t> length) {
    std::string head;
    head.reserve(256);
    head.append("HTTP/1.1 ").append(std::to_string(r.status)).append(" ");
    head.append(http::obsolete_reason(static_cast<http::status>(r.status))).append("\r\n");
    if (!r.content_type.empty()) head.append("Content-Type: ").append(r.content_type).append("\r\n");
    for (const auto& [name, value] : extra_) head.append(name).append(": ").append(value).append("\r\n");
    extra_.clear();
    for (const auto& [name, value] : r.headers) head.append(name).append(": ").append(value).append("\r\n");
    if (length) head.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
    if (!keep_alive_) {
        head.append("Connection: close\r\n");
    } else if (message().version() < 11) {
        head.append("Connection: keep-alive\r\n");
    }
    head.append("\r\n");
    const std::string_view body = r.body && !head_only_ ? r.body->view() : std::string_view{};
    if (body.size() <= 4096) {
        connection_->send(base::shared_buffer::copy_of(head, body));
    } else {
        connection_->send(base::shared_buffer::copy_of(head));
        connection_->send(r.body);
    }
}

void http_session::compress(response& r) {
    r.headers.emplace_back("Vary", "Accept-Encoding");
    const auto accepted = message()[http::field::accept_encoding];
    if (!accepts_gzip({accepted.data(), accepted.size()})) return;
    auto small = gzip(r.body->view());
    if (small.size() >= r.body->size()) return;
    r.headers.emplace_back("Content-Encoding", "gzip");
    r.body = base::shared_buffer::copy_of(small);
}

void http_session::respond(response r) {
    if (phase_ != phase::handling) return;
    if (r.compress_from > 0 && r.body && r.body->size() >= r.compress_from) compress(r);
    if (r.close) keep_alive_ = false;
    connection_->unwatch();
    const bool bodiless = r.status == 204 || r.status == 304 || r.status < 200;
    write_head(r, bodiless ? std::nullopt : std::optional<std::uint64_t>(r.body ? r.body->size() : 0));
    next();
}

void http_session::respond_file(response head, file_body file) {
    file_ = file;
    if (file.offset > 0) ::lseek(file.descriptor, static_cast<off_t>(file.offset), SEEK_SET);
    if (phase_ != phase::handling) return;
    connection_->unwatch();
    head.body.reset();
    write_head(head, file.size);
    if (head_only_) file_.size = 0;
    phase_ = phase::streaming;
    connection_->on_drained([self = shared_from_this()] { self->send_file_piece(); });
}

void http_session::send_file_piece() {
    if (phase_ != phase::streaming) return;
    if (file_.size > 0) {
        std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(file_.size, file_piece)), '\0');
        const ssize_t n = ::read(file_.descriptor, piece.data(), piece.size());
        if (n <= 0) {  // shorter than promised: the client must see a broken transfer, not a short file
            phase_ = phase::over;
            return connection_->close_now();
        }
        file_.size -= static_cast<std::uint64_t>(n);
        connection_->send(base::shared_buffer::copy_of({piece.data(), static_cast<std::size_t>(n)}));
        return;
    }
    ::close(std::exchange(file_.descriptor, -1));
    // Not from inside the callback that this replaces.
    boost::asio::post(connection_->home().context(), [self = shared_from_this()] {
        if (self->phase_ != phase::streaming) return;
        self->connection_->on_drained(nullptr);
        self->next();
    });
}

void http_session::next() {
    if (!keep_alive_ || !connection_->open()) {
        phase_ = phase::over;
        connection_->close_after_flush();
        return;
    }
    // Posted, so that a row of pipelined requests does not recurse.
    phase_ = phase::idle;
    boost::asio::post(connection_->home().context(), [self = shared_from_this()] {
        if (self->connection_->queued_bytes() <= self->limits_.pipelined_bytes) return self->read_next();
        // Who asks on and on and takes no answer is not answered further.
        self->when_drained([self] { self->read_next(); });
    });
}

void http_session::read_next() {
    if (phase_ == phase::idle && connection_->open()) read_header(false);
}

// Once, when all that is queued is on its way.
void http_session::when_drained(std::function<void()> then) {
    connection_->on_drained([self = shared_from_this(), then = std::move(then)] {
        // Not from inside the callback that this replaces.
        boost::asio::post(self->connection_->home().context(), [self, then] {
            self->connection_->on_drained(nullptr);
            then();
        });
    });
}

base::error http_session::too_large() {
    exchange peek(shared_from_this());
    auto e = handler_.too_large(peek, handler_.body_limit(peek));
    peek.take_session();
    return e;
}

void http_session::refuse(base::error why, unsigned status) {
    phase_ = phase::handling;
    deadline_.cancel();
    auto r = response::failure(why);
    if (status != 0) r.status = status;
    r.close = true;
    respond(std::move(r));
}

void http_session::abandoned() {
    if (phase_ != phase::handling) return;
    respond(response::failure(base::fail(base::errc::internal, "the server could not answer this request")));
}

void http_session::on_deadline() {
    const auto keep = shared_from_this();
    if (phase_ == phase::body && window_bytes_ >= limits_.body_window_bytes) {
        window_bytes_ = 0;
        return start_deadline(limits_.body_window);
    }
    if (phase_ == phase::header || phase_ == phase::body) {
        connection_->cancel_reading();
        return refuse(base::fail(base::errc::bad_request, "the request took too long to arrive"), 408);
    }
    // Idle only once the last answer is on its way whole: until then it is the reader that is waited for, and
    // connection's own write_stall says how long.
    if (phase_ == phase::idle && connection_->queued_bytes() > 0) return start_deadline(limits_.idle_timeout);
    phase_ = phase::over;
    connection_->close_now();
}

void http_session::hand_over(exchange_ptr e, shard& to, std::function<void(exchange_ptr)> there) {
    if (connection_->queued_bytes() > 0) {  // an earlier pipelined answer: first let it go
        when_drained([self = shared_from_this(), e, &to, there] { self->hand_over(e, to, there); });
        return;
    }
    deadline_.cancel();
    connection_->hand_over(to, [e = std::move(e), there = std::move(there)] { there(e); });
}

void http_session::shutting_down() {
    keep_alive_ = false;
    if (phase_ != phase::idle && phase_ != phase::header) return;  // the answer under way is the last one
    phase_ = phase::over;
    deadline_.cancel();
    connection_->close_after_flush();
}

std::shared_ptr<connection> http_session::take_connection() {
    connection_->set_owner({});
    phase_ = phase::over;
    deadline_.cancel();
    connection_->unwatch();
    return connection_;
}

}  // namespace chatterlink::net
