// Reads what a WebSocket client sends (RFC 6455 §5, with permessage-deflate of RFC 7692): bytes in, messages
// and control frames out. No sockets and no time; tested and fuzzed as it is.
//
// Every violation is found at the first byte that shows it, and nothing is allocated for what a header merely
// announces. Between two messages it holds no buffer (but a short one), and no state of the inflater unless
// the client may refer to earlier messages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "net/deflate.hpp"

namespace chatterlink::net {

/// Close codes used here (RFC 6455 §7.4.1).
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    none = 1005,      // never sent: a close frame without a code
    abnormal = 1006,  // never sent: the connection broke
    bad_payload = 1007,
    policy = 1008,
    too_big = 1009,
    internal = 1011,
};

class websocket_decoder {
  public:
    struct rules {
        std::size_t max_message = 1'000'000;  // bytes, after inflating: 1009 beyond
        std::uint32_t max_fragments = 1024;   // frames of one message: 1008 beyond
        bool deflate = false;                 // permessage-deflate was agreed on
        bool client_takeover = false;         // and messages may refer to earlier ones
    };

    enum class event : std::uint8_t {
        need_more,  // the input is used up
        message,    // payload() and binary()
        ping,       // payload() is to be sent back
        pong,       // payload()
        close,  // code() is the peer's (none if it gave none), payload() its reason; nothing is read after it
        failed,  // the peer broke the protocol: code() and payload() are for the close frame that tells it
                 // so; nothing is read after it
    };

    explicit websocket_decoder(const rules& r) noexcept : rules_(r) {}

    /// Between two messages, with nothing of one connection in it: it may go on with another one's.
    bool idle() const noexcept {
        return phase_ == phase::header && header_size_ == 0 && !in_message_ && !delivered_ && !inflater_;
    }
    /// Goes on with the bytes of another connection; only when idle().
    void adopt(const rules& r) noexcept { rules_ = r; }

    /// Takes bytes from the front of `input` up to the next event.
    event next(std::string_view& input);

    /// Of the last event; valid until the next call.
    std::string_view payload() const noexcept { return payload_; }
    bool binary() const noexcept { return message_opcode_ == opcode_binary; }
    close_code code() const noexcept { return code_; }

    /// Bytes of memory it holds beyond itself (the inflater not counted).
    std::size_t held() const noexcept { return message_.capacity() + control_.capacity(); }

    /// Buffer that is kept from one message to the next.
    static constexpr std::size_t kept_buffer = 512;
    /// A compressed message may be this much longer than the largest one is plain: a message that does not
    /// shrink grows a little.
    static constexpr std::size_t deflate_slack = 64 * 1024;

  private:
    enum : unsigned char {
        opcode_continuation = 0x0,
        opcode_text = 0x1,
        opcode_binary = 0x2,
        opcode_close = 0x8,
        opcode_ping = 0x9,
        opcode_pong = 0xa,
    };
    enum class phase : std::uint8_t { header, payload, over };

    // All that return bool: false when the peer has failed.
    bool reject(close_code code, std::string_view why) noexcept;
    event fail(close_code code, std::string_view why) noexcept;
    bool read_header(std::string_view& input);
    bool check_first(unsigned char byte);
    bool check_second(unsigned char byte);
    bool begin_frame();
    bool take_payload(std::string_view masked);
    bool take_plain(std::string_view masked);
    bool take_compressed(std::string_view masked);
    bool inflate(std::string_view bytes);
    event finish_frame();
    event finish_message();
    event finish_close();
    void forget_message();
    void unmask(char* bytes, std::size_t size) noexcept;
    bool control() const noexcept { return (opcode_ & 0x8) != 0; }
    bool first_of_message() const noexcept { return opcode_ != opcode_continuation; }

    rules rules_;
    phase phase_ = phase::header;
    bool final_ = false;
    bool in_message_ = false;   // its first frame has begun, its last has not ended
    bool compressed_ = false;   // the message
    bool delivered_ = false;    // message_ or control_ was shown and is to be forgotten
    unsigned char opcode_ = 0;  // of the frame
    unsigned char message_opcode_ = 0;
    std::uint8_t header_size_ = 0;    // bytes of it that are here
    std::uint8_t header_wanted_ = 2;  // as far as is known
    std::array<unsigned char, 14> header_{};
    std::array<unsigned char, 4> mask_{};
    std::uint8_t mask_at_ = 0;
    close_code code_ = close_code::none;
    std::uint32_t fragments_ = 0;
    std::uint64_t left_ = 0;  // of the frame's payload
    std::uint64_t wire_ = 0;  // bytes of the message as they were sent
    base::utf8_checker utf8_;
    std::string message_;
    std::string control_;
    std::string_view payload_;
    std::unique_ptr<inflater> inflater_;
};

}  // namespace chatterlink::net
