// DEFLATE (RFC 1951) as WebSocket messages carry it (RFC 7692 §7.2): raw, one message at a time, the empty
// block at the end left out. zlib stays in deflate.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace chatterlink::net {

/// What one server does about permessage-deflate. Off unless told, as in Socket.IO 4: compressing costs time
/// for every message, and most are shorter than what it saves.
struct deflate_settings {
    bool enabled = false;
    std::size_t threshold = 1024;  // bytes of payload below which a message goes out as it is
    int level = 6;                 // 1 (fast) to 9 (small)
    int mem_level = 8;             // 1 (little memory) to 9 (fast)
    /// Whether clients may refer to what earlier messages held. It makes theirs smaller and costs 40 KiB for
    /// each connection as long as it lives; without, a connection costs nothing between two messages.
    bool client_takeover = false;
    /// The largest window (RFC 7692 §7.1.2.2) asked of clients that let themselves be asked: 8 to 15.
    int client_window_bits = 15;
};

/// Counted over the process; read by the metrics. Any thread.
struct deflate_counters {
    std::atomic<std::uint64_t> deflated{0};           // messages compressed; a broadcast counts once
    std::atomic<std::uint64_t> deflate_bytes_in{0};   // their payloads before
    std::atomic<std::uint64_t> deflate_bytes_out{0};  // and after
    std::atomic<std::uint64_t> inflated{0};           // compressed messages received whole
};
deflate_counters& deflate_counts() noexcept;

constexpr int largest_window = 15;       // the exponent: 32 KiB
constexpr int smallest_window_made = 9;  // zlib makes no raw stream with 8, though it reads them

/// Compresses messages that do not refer to one another. One thread; about 260 KiB.
class deflater {
  public:
    /// `window_bits`: 9 to 15. Throws std::bad_alloc.
    deflater(int level, int mem_level, int window_bits);
    ~deflater();
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;

    /// Appends the message's compressed form.
    void deflate(std::string_view message, std::string& out);

  private:
    struct stream;
    std::unique_ptr<stream> stream_;
};

/// Reads compressed messages in pieces. One thread.
class inflater {
  public:
    enum class outcome : std::uint8_t {
        more,  // all of the input is taken, or the room is full: call again with what is left of either
        corrupt,
    };

    /// Throws std::bad_alloc.
    inflater();
    ~inflater();
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    /// Takes from the front of `in` and writes to `room`; `made` is how many bytes it wrote. Done with the
    /// input when `in` is empty and less than all of the room was used.
    outcome step(std::string_view& in, std::span<char> room, std::size_t& made);

    /// A new message: `keep_window` when it may refer to earlier ones.
    void next_message(bool keep_window);

    /// Whether nothing was fed since the message began or since a final block: then `tail` is not due (a
    /// sender may leave an empty message empty, and nothing has to follow a final block).
    bool untouched() const noexcept { return untouched_; }

    /// Whether a message may end here: what was fed ends with a whole block, at a byte's end.
    bool between_blocks() const noexcept;

    /// What RFC 7692 §7.2.2 has the receiver append to a message.
    static constexpr std::string_view tail{"\x00\x00\xff\xff", 4};

  private:
    struct stream;
    std::unique_ptr<stream> stream_;
    bool untouched_ = true;  // nothing was fed since the message, or a part after a final block, began
};

}  // namespace chatterlink::net
