#include "load/websocket_stream.hpp"

namespace chatterlink::load {
namespace {

// The key and its answer of RFC 6455 §1.3: that the same one is used each time does no harm, and no SHA-1 is
// needed.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// Nothing is kept from one message to the next, on either side (RFC 7692 §7.1.1); what is sent goes
// uncompressed.
constexpr const char* offer =
    "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover";

bool agrees_to_offer(std::string_view head) noexcept {
    const auto answer = field_of(head, "Sec-WebSocket-Extensions");
    return answer.starts_with("permessage-deflate") &&
           answer.find("server_no_context_takeover") != std::string_view::npos;
}

std::string quoted_start(std::string_view text) {
    return "'" + std::string(text.substr(0, text.find_first_of("\r\n")).substr(0, 100)) + "'";
}

// " with code 1008 (slow consumer)", as far as it says so (§5.5.1).
std::string close_reason(std::string_view payload) {
    if (payload.size() < 2) return {};
    const auto code = static_cast<unsigned char>(payload[0]) << 8U | static_cast<unsigned char>(payload[1]);
    std::string reason = " with code " + std::to_string(code);
    if (payload.size() > 2) reason.append(" (").append(payload.substr(2)).append(")");
    return reason;
}

}  // namespace

void websocket_stream::begin(const std::string& host, const std::string& target) {
    open_ = false;
    partial_.clear();
    problem_.clear();
    connection_.output()
        .append("GET ")
        .append(target)
        .append(" HTTP/1.1\r\nHost: ")
        .append(host)
        .append(
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
            "13\r\nSec-WebSocket-Key: ")
        .append(key)
        .append(inflater_ != nullptr ? offer : "")
        .append("\r\n\r\n");
}

void websocket_stream::send(std::string_view text) {
    append_frame(connection_.output(), opcode::text, text, next_key());
}

std::size_t websocket_stream::read_handshake(const char* data, std::size_t size) {
    http_response answer;
    const auto state = parse_response_head(data, size, answer);
    if (state == http_state::incomplete) return 0;
    if (state == http_state::invalid) {
        problem_ = "does not speak HTTP: " + quoted_start({data, size});
    } else if (answer.status != 101) {
        problem_ = "refused the WebSocket: " + quoted_start(answer.head);
    } else if (field_of(answer.head, "Sec-WebSocket-Accept") != accept) {
        problem_ = "answered the WebSocket handshake with a wrong Sec-WebSocket-Accept";
    } else if (inflater_ != nullptr && !agrees_to_offer(answer.head)) {
        problem_ = "does not compress (--deflate on): it did not agree to permessage-deflate";
    } else {
        open_ = true;
    }
    return answer.size;
}

bool websocket_stream::inflate(std::string_view& payload) {
    const auto plain = inflater_ != nullptr ? inflater_->inflate(payload) : std::nullopt;
    if (plain) {
        payload = *plain;
    } else {
        problem_ = "sent a message that is not compressed as agreed on";
    }
    return plain.has_value();
}

bool websocket_stream::take_other(const frame& f, std::string_view& whole) {
    switch (f.code) {
        case opcode::ping:
            append_frame(connection_.output(), opcode::pong, f.payload, next_key());
            return false;
        case opcode::close:
            append_frame(connection_.output(), opcode::close, f.payload.substr(0, 2), next_key());
            connection_.flush();
            problem_ = "closed the WebSocket" + close_reason(f.payload);
            return false;
        case opcode::text:
            partial_ = f.payload;
            partial_compressed_ = f.compressed;
            return false;
        case opcode::continuation:
            partial_ += f.payload;
            if (partial_.size() > max_frame_payload) problem_ = "sent a message that does not end";
            whole = partial_;
            return f.final && problem_.empty() && (!partial_compressed_ || inflate(whole));
        default:
            return false;  // pongs, and binary messages, in which no text of ours travels
    }
}

}  // namespace chatterlink::load
