#include "net/http.hpp"

#include <algorithm>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "net/http_session.hpp"

namespace chatterlink::net {
namespace {

std::string_view view_of(boost::beast::string_view s) {
    return {s.data(), s.size()};
}

}  // namespace

response response::text(unsigned status, std::string_view body) {
    response r;
    r.status = status;
    r.content_type = "text/plain; charset=utf-8";
    r.body = base::shared_buffer::copy_of(body);
    return r;
}

response response::json(unsigned status, std::string_view body) {
    response r;
    r.status = status;
    r.content_type = "application/json";
    r.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    r.body = base::shared_buffer::copy_of(body);
    return r;
}

response response::failure(const base::error& e) {
    nlohmann::json error{{"code", base::code_name(e.code)}, {"message", e.message}};
    if (e.retry_after) error["retry_after_ms"] = e.retry_after->count();
    const nlohmann::json body{{"ok", false}, {"error", std::move(error)}};
    auto r =
        json(base::http_status(e.code), body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (e.retry_after)
        r.headers.emplace_back("Retry-After", std::to_string((e.retry_after->count() + 999) / 1000));
    return r;
}

exchange::exchange(std::shared_ptr<http_session> session) : session_(std::move(session)) {}

exchange::~exchange() {
    if (!session_ || shard::current() != &session_->lowest().home()) return;
    session_->abandoned();
}

std::string_view exchange::method() const {
    return view_of(session_->message().method_string());
}
std::string_view exchange::target() const {
    return view_of(session_->message().target());
}

std::string_view exchange::path() const {
    const auto t = target();
    return t.substr(0, t.find('?'));
}

std::string_view exchange::query() const {
    const auto t = target();
    const auto mark = t.find('?');
    return mark == std::string_view::npos ? std::string_view{} : t.substr(mark + 1);
}

std::string_view exchange::header(std::string_view name) const {
    const auto& fields = session_->message();
    const auto found = fields.find({name.data(), name.size()});
    return found == fields.end() ? std::string_view{} : view_of(found->value());
}

std::string_view exchange::body() const {
    return session_->message().body();
}
bool exchange::wants_websocket() const {
    return boost::beast::websocket::is_upgrade(session_->message());
}
const websocket_handshake& exchange::handshake() const {
    return session_->handshake();
}
const request_source& exchange::source() const {
    return session_->source();
}
std::shared_ptr<const request_info> exchange::info() const {
    return session_->info();
}
shard& exchange::home() const {
    return session_->lowest().home();
}

void exchange::add_header(std::string name, std::string value) {
    session_->add_header(std::move(name), std::move(value));
}

void exchange::respond(response r) {
    if (const auto session = std::move(session_)) session->respond(std::move(r));
}

void exchange::respond_file(response head, file_body file) {
    if (const auto session = std::move(session_)) session->respond_file(std::move(head), file);
}

void exchange::on_abort(std::function<void()> aborted) {
    session_->lowest().watch_for_abort(std::move(aborted));
}

void exchange::hand_over(shard& to, std::function<void(std::shared_ptr<exchange>)> there) {
    session_->hand_over(shared_from_this(), to, std::move(there));
}

std::shared_ptr<http_session> exchange::take_session() {
    return std::move(session_);
}

base::error http_handler::too_large(const exchange&, std::uint64_t limit) {
    return base::fail(base::errc::payload_too_large,
                      "the body is larger than the " + std::to_string(limit) + " bytes taken here");
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            unsigned value = 0;
            if (text.size() - i < 3) return std::nullopt;
            const auto end = std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16);
            if (end.ptr != &text[i + 1] + 2) return std::nullopt;
            c = static_cast<char>(value);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out.push_back(c);
    }
    return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) == key) {
            std::string value(equals == std::string_view::npos ? std::string_view{}
                                                               : pair.substr(equals + 1));
            std::replace(value.begin(), value.end(), '+', ' ');
            return percent_decode(value);
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return std::nullopt;
}

}  // namespace chatterlink::net
