#include "net/websocket_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace chatterlink::net {
namespace {

constexpr std::size_t piece = 16 * 1024;  // bytes that are unmasked or inflated at a time
constexpr std::size_t max_control = 125;  // RFC 6455 §5.5

// Codes that a peer may send: those of RFC 6455 §7.4.1 and of IANA's registry, and the ranges for libraries
// and applications (§7.4.2). 1004 to 1006 and 1015 are never on the wire.
bool may_be_sent(unsigned code) noexcept {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

// An inflater is 40 KiB and is needed for as long as a message arrives: each thread keeps one for the next.
std::unique_ptr<inflater>& spare_inflater() noexcept {
    thread_local std::unique_ptr<inflater> spare;
    return spare;
}

}  // namespace

bool websocket_decoder::reject(close_code code, std::string_view why) noexcept {
    phase_ = phase::over;
    code_ = code;
    payload_ = why;
    return false;
}

websocket_decoder::event websocket_decoder::fail(close_code code, std::string_view why) noexcept {
    reject(code, why);
    return event::failed;
}

websocket_decoder::event websocket_decoder::next(std::string_view& input) {
    if (delivered_) forget_message();
    for (;;) {
        if (phase_ == phase::over) {
            input = {};
            return event::need_more;
        }
        if (phase_ == phase::header) {
            if (!read_header(input)) return event::failed;
            if (phase_ == phase::header) return event::need_more;
        }
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
        if (n > 0) {
            left_ -= n;
            if (!take_payload(input.substr(0, n))) return event::failed;
            input.remove_prefix(n);
        }
        if (left_ > 0) return event::need_more;
        phase_ = phase::header;
        header_size_ = 0;
        header_wanted_ = 2;
        const event what = finish_frame();
        if (what != event::need_more) return what;
    }
}

// ---- The header (RFC 6455 §5.2) ----

// False: failed. The phase tells whether it is whole.
bool websocket_decoder::read_header(std::string_view& input) {
    while (header_size_ < header_wanted_) {
        if (input.empty()) return true;
        const auto byte = static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
        header_[header_size_++] = byte;
        if (header_size_ == 1 && !check_first(byte)) return false;
        if (header_size_ == 2 && !check_second(byte)) return false;
    }
    return begin_frame();
}

bool websocket_decoder::check_first(unsigned char byte) {
    final_ = (byte & 0x80) != 0;
    opcode_ = byte & 0x0f;
    const bool known = opcode_ <= opcode_binary || (opcode_ >= opcode_close && opcode_ <= opcode_pong);
    if (!known) return reject(close_code::protocol_error, "reserved opcode");
    // RFC 7692 §6.1: RSV1 on the first frame of a message, when that was agreed on.
    const bool rsv1 = (byte & 0x40) != 0;
    const bool may_be_compressed = rules_.deflate && !control() && first_of_message();
    if ((byte & 0x30) != 0 || (rsv1 && !may_be_compressed))
        return reject(close_code::protocol_error, "reserved bit");
    if (control()) {
        if (!final_) return reject(close_code::protocol_error, "fragmented control frame");
        return true;
    }
    if (first_of_message() == in_message_)
        return reject(close_code::protocol_error,
                      in_message_ ? "a message inside a message" : "nothing to continue");
    if (first_of_message()) compressed_ = rsv1;
    return true;
}

bool websocket_decoder::check_second(unsigned char byte) {
    // §5.1
    if ((byte & 0x80) == 0) return reject(close_code::protocol_error, "not masked");
    const unsigned length = byte & 0x7f;
    if (control() && length > max_control)
        return reject(close_code::protocol_error, "control frame too long");
    header_wanted_ = length == 127 ? 14 : length == 126 ? 8 : 6;
    return true;
}

bool websocket_decoder::begin_frame() {
    const std::size_t length_bytes = header_wanted_ - 6U;
    std::uint64_t length = header_[1] & 0x7fU;
    if (length_bytes > 0) {
        length = 0;
        for (std::size_t i = 0; i < length_bytes; ++i) length = length << 8 | header_[2 + i];
        if (length_bytes == 8 && (length >> 63) != 0)
            return reject(close_code::protocol_error, "length with the highest bit");
        if (length < (length_bytes == 2 ? 126U : 65536U))
            return reject(close_code::protocol_error, "length in too many bytes");
    }
    std::copy_n(header_.begin() + header_wanted_ - 4, 4, mask_.begin());
    mask_at_ = 0;
    left_ = length;
    phase_ = phase::payload;
    if (control()) return true;

    if (first_of_message()) {
        message_opcode_ = opcode_;
        in_message_ = true;
        fragments_ = 0;
        wire_ = 0;
        utf8_.reset();
    }
    if (++fragments_ > rules_.max_fragments) return reject(close_code::policy, "too many fragments");
    const std::uint64_t most = rules_.max_message + (compressed_ ? deflate_slack : 0U);
    if (length > most - wire_) return reject(close_code::too_big, "message too big");
    wire_ += length;
    if (compressed_ && first_of_message()) {
        // One that was lying about has another connection's window, which nobody may refer to.
        const bool own = inflater_ != nullptr;
        if (!own) inflater_ = std::move(spare_inflater());
        if (!inflater_) inflater_ = std::make_unique<inflater>();
        inflater_->next_message(own && rules_.client_takeover);
    }
    return true;
}

// ---- The payload ----

void websocket_decoder::unmask(char* bytes, std::size_t size) noexcept {
    std::array<unsigned char, 8> key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = mask_[(mask_at_ + i) & 3];
    std::uint64_t eight = 0;
    std::memcpy(&eight, key.data(), sizeof eight);
    mask_at_ = static_cast<std::uint8_t>((mask_at_ + size) & 3);
    for (; size >= 8; size -= 8, bytes += 8) {
        std::uint64_t data = 0;
        std::memcpy(&data, bytes, sizeof data);
        data ^= eight;
        std::memcpy(bytes, &data, sizeof data);
    }
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ key[i]);
}

bool websocket_decoder::take_payload(std::string_view masked) {
    if (control()) {
        const auto before = control_.size();
        control_.append(masked);
        unmask(control_.data() + before, masked.size());
        return true;
    }
    return compressed_ ? take_compressed(masked) : take_plain(masked);
}

bool websocket_decoder::take_plain(std::string_view masked) {
    const auto before = message_.size();
    message_.append(masked);
    unmask(message_.data() + before, masked.size());
    if (message_opcode_ == opcode_text && !utf8_.feed(std::string_view(message_).substr(before)))
        return reject(close_code::bad_payload, "not UTF-8");
    return true;
}

bool websocket_decoder::take_compressed(std::string_view masked) {
    std::array<char, piece> plain;
    while (!masked.empty()) {
        const auto n = std::min(masked.size(), plain.size());
        std::copy_n(masked.begin(), n, plain.begin());
        unmask(plain.data(), n);
        if (!inflate({plain.data(), n})) return false;
        masked.remove_prefix(n);
    }
    return true;
}

bool websocket_decoder::inflate(std::string_view bytes) {
    std::array<char, piece> out;
    std::size_t made = 0;
    std::size_t room = 0;
    do {
        // One byte more than allowed is enough to know. What is wrong first is told first, so that it does
        // not matter where the network cut.
        const auto allowed = rules_.max_message - message_.size();
        room = std::min(out.size(), allowed + 1);
        const auto outcome = inflater_->step(bytes, std::span(out).first(room), made);
        const std::string_view text(out.data(), std::min(made, allowed));
        if (message_opcode_ == opcode_text && !utf8_.feed(text))
            return reject(close_code::bad_payload, "not UTF-8");
        if (made > allowed) return reject(close_code::too_big, "message too big");
        message_.append(text);
        if (outcome == inflater::outcome::corrupt) return reject(close_code::bad_payload, "not DEFLATE");
    } while (!bytes.empty() || made == room);
    return true;
}

// ---- The end of a frame ----

websocket_decoder::event websocket_decoder::finish_frame() {
    if (control()) {
        if (opcode_ == opcode_close) return finish_close();
        payload_ = control_;
        delivered_ = true;
        return opcode_ == opcode_ping ? event::ping : event::pong;
    }
    return final_ ? finish_message() : event::need_more;
}

websocket_decoder::event websocket_decoder::finish_message() {
    if (compressed_) {
        const auto size = message_.size();
        if (!inflater_->untouched() && !inflate(inflater::tail)) return event::failed;
        // What comes out of the tail was no empty block: it filled up one that was cut.
        if (!inflater_->between_blocks() || message_.size() != size)
            return fail(close_code::bad_payload, "DEFLATE cut short");
        deflate_counts().inflated.fetch_add(1, std::memory_order_relaxed);
        if (!rules_.client_takeover) spare_inflater() = std::move(inflater_);
    }
    if (message_opcode_ == opcode_text && !utf8_.complete())
        return fail(close_code::bad_payload, "not UTF-8");
    in_message_ = false;
    delivered_ = true;
    payload_ = message_;
    return event::message;
}

websocket_decoder::event websocket_decoder::finish_close() {
    phase_ = phase::over;
    code_ = close_code::none;
    payload_ = {};
    if (control_.empty()) return event::close;
    if (control_.size() == 1) return fail(close_code::protocol_error, "close frame with half a code");
    const unsigned code =
        static_cast<unsigned char>(control_[0]) * 256U + static_cast<unsigned char>(control_[1]);
    if (!may_be_sent(code)) return fail(close_code::protocol_error, "invalid close code");
    payload_ = std::string_view(control_).substr(2);
    if (!base::is_utf8(payload_)) return fail(close_code::bad_payload, "not UTF-8");
    code_ = static_cast<close_code>(code);
    return event::close;
}

void websocket_decoder::forget_message() {
    delivered_ = false;
    payload_ = {};
    control_.clear();
    if (in_message_) return;  // it was a control frame in the middle of one
    message_.clear();
    if (message_.capacity() > kept_buffer) std::string().swap(message_);
}

}  // namespace chatterlink::net
