// The line protocol of port 5555 (docs/protocol.md, "Line protocol"): bytes in, lines out, time as an
// argument. No sockets: the gateway and the client feed it, the tests feed it byte by byte. Not thread-safe;
// one per connection.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/shared_buffer.hpp"

namespace chatterlink::chat {

/// The longest line, in bytes, without its line end.
inline constexpr std::size_t max_line_bytes = 8 * 1024;

/// How long text may stay without a newline, from a peer that never sent one, before it counts as a message.
/// Also how much longer an unfinished UTF-8 character at that moment may take to arrive.
inline constexpr base::milliseconds classic_silence{30};

/// The same for a peer that does send newlines: long enough that a slow network never cuts a line in two,
/// short enough that "one\ntwo" with nothing after it does not leave "two" behind for ever.
inline constexpr base::milliseconds framed_silence{1000};

/// What a decoder found.
struct line_item {
    enum class kind {
        line,          // `text` is a line, byte for byte, without its line end; may be empty
        invalid_utf8,  // the line was dropped (overlong forms and surrogates count as invalid); go on
        nul,           // the line was dropped; go on
        too_long,      // the last item there will be: refuse, then close the connection
    };
    kind what = kind::line;
    std::string_view text{};  // empty unless `what` is line

    bool operator==(const line_item&) const = default;
};

/// Cuts a byte stream into lines.
///
/// A line ends in "\n"; one "\r" before it is dropped. A peer that never sends a newline (a classic client:
/// one send() is one message) is understood too: what it sent and then left alone for classic_silence is one
/// line, and from then on it is plain(): it is to be answered without newlines. Such a peer is framed again
/// from its first newline on, for good. A newline that comes right after text taken by silence ends that
/// text; it is no empty line. At most max_line_bytes + 1 bytes are held, whatever is fed.
class line_decoder {
  public:
    struct options {
        std::size_t limit = max_line_bytes;  // bytes of a line
        /// False is for clients, which have nobody to refuse to: any bytes are a line, and one over the limit
        /// comes in pieces of `limit` bytes.
        bool strict = true;
    };

    line_decoder() noexcept : line_decoder(options{}) {}
    explicit line_decoder(options o) noexcept : options_(o) {}

    /// Takes what arrived. The items' texts point into `bytes` or into the decoder: they hold until the next
    /// call of feed, expire or finish, and no longer than `bytes`.
    std::span<const line_item> feed(std::string_view bytes, base::steady_time now);

    /// When expire() is to be called, unless more is fed before; nothing when no text waits.
    std::optional<base::steady_time> deadline() const noexcept;

    /// Takes text that waited long enough; does nothing before the deadline. Views as in feed().
    std::span<const line_item> expire(base::steady_time now);

    /// The peer will send no more: text that still waits is its last line. Views as in feed().
    std::span<const line_item> finish();

    /// The items of the last call are used: gives the memory of many of them back.
    void release() noexcept;

    /// True while the peer is known as one that sends no newlines. A peer that sent nothing yet is not.
    bool plain() const noexcept { return peer_ == peer::plain; }

    /// True after a too_long item; whatever is fed then is ignored.
    bool closed() const noexcept { return closed_; }

    /// Bytes that wait for their line end.
    std::size_t waiting() const noexcept { return held_.size(); }

    /// When the first of the waiting bytes came: a line that takes too long to arrive is the gateway's to
    /// end.
    std::optional<base::steady_time> waiting_since() const noexcept;

  private:
    enum class peer { unknown, plain, framed };

    void begin();
    void end_of_line(std::string_view rest_of_line);
    void hold(std::string_view rest, base::steady_time now);
    void push(std::string_view line);
    void push_checked(std::string_view line);
    void flush();
    void close();

    options options_;
    std::vector<line_item> items_;
    std::string held_;    // a line whose end has not come
    std::string joined_;  // the line of this call that began in an earlier one; items_ point into it
    base::steady_time held_since_{};
    base::steady_time deadline_{};
    peer peer_ = peer::unknown;
    bool extended_ = false;     // the deadline was moved for an unfinished character
    bool after_flush_ = false;  // silence ended the last text, so its newline may still come
    bool closed_ = false;
};

/// Commands a line can hold; letter case does not matter.
enum class line_command { help, name, who, join, quit, unknown };

/// A line as it is meant.
struct parsed_line {
    std::optional<line_command> command{};  // nothing: it is a message
    std::string_view text{};                // the message; of a command, its argument without outer spaces
    std::string_view word{};                // of a command, its name as typed, without the slash
};

/// "/word argument" is a command, "//x" is the message "/x", everything else is a message. Points into
/// `line`.
parsed_line parse_line(std::string_view line) noexcept;

// The texts the server answers with; none of them ends in a newline. Refusals begin with "! ", everything
// else the server says itself with "* ". Messages carry no mark, so a client shows marks as a hint, not as
// proof.

/// What /help answers: several lines with newlines between them.
std::string_view help_text() noexcept;

/// "! <sentence>", with the time to wait when the error has one. Control characters in it become '?'.
std::string refusal_text(const base::error& e);

/// "* <text>". Control characters in it become '?'.
std::string notice_text(std::string_view text);

std::string named_text(std::string_view name);
std::string joined_text(std::string_view room, std::size_t here);

/// The answer to /who, cut (and saying so) to fit in one line of max_line_bytes. `here` may exceed
/// names.size().
std::string who_text(std::string_view room, std::span<const std::string> names, std::size_t here);

/// Why an item other than a line is refused.
base::error refusal_of(line_item::kind what);

/// The refusal of a command that does not exist; names /help.
base::error unknown_command(std::string_view word);

/// What goes on the wire: `text` as it is to a plain peer, with a newline to any other. An empty text to a
/// plain peer is no byte at all.
base::buffer_ptr encode_line(std::string_view text, bool plain);

}  // namespace chatterlink::chat
