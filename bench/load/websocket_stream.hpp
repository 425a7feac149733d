// The client's side of a WebSocket on a connection (RFC 6455): the opening handshake, then messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/connection.hpp"
#include "load/http_response.hpp"
#include "load/inflater.hpp"
#include "load/websocket_frames.hpp"

namespace chatterlink::load {

/// Belongs to a session; the session owns the connection and hands over its bytes.
class websocket_stream {
  public:
    /// `inflates`: compression is offered, and the server has to agree; nullptr: it is not. Shared by all.
    websocket_stream(connection& c, inflater* inflates) noexcept : connection_(c), inflater_(inflates) {}

    /// Asks for the upgrade; `target` is path and query.
    void begin(const std::string& host, const std::string& target);

    /// Appends a text message to the connection's output.
    void send(std::string_view text);

    /// Takes what arrived and returns how much of it is done with. Calls `on_open()` after the handshake,
    /// then `on_text(payload)` for each message of text; either may close the connection. Pings are answered.
    /// When the server closes, or sends what it may not, problem() says so and the rest is not looked at.
    template <class OnOpen, class OnText>
    std::size_t feed(char* data, std::size_t size, const OnOpen& on_open, const OnText& on_text) {
        std::size_t at = 0;
        if (!open_) {
            at = read_handshake(data, size);
            if (!open_) return at;
            on_open();
        }
        frame f;
        while (connection_.is_open() && problem_.empty()) {
            const auto state = parse_frame(data + at, size - at, f);
            if (state == frame_state::incomplete) break;
            if (state == frame_state::invalid) {
                problem_ = "sent a broken WebSocket frame";
                break;
            }
            at += f.size;
            if (f.code == opcode::text && f.final) {
                if (!f.compressed || inflate(f.payload)) on_text(f.payload);
            } else if (std::string_view whole; take_other(f, whole)) {
                on_text(whole);
            }
        }
        return at;
    }

    /// What the server did that ends it, as "sent a broken WebSocket frame"; empty while all is well.
    const std::string& problem() const noexcept { return problem_; }

  private:
    std::size_t read_handshake(const char* data, std::size_t size);
    bool take_other(const frame& f, std::string_view& whole);  // true: `whole` is a message in fragments
    bool inflate(std::string_view& payload);
    std::uint32_t next_key() noexcept { return key_ = key_ * 1664525U + 1013904223U; }

    connection& connection_;
    bool open_ = false;
    std::uint32_t key_ =
        0x9E3779B9U;  // masks need not be secret here: nothing lies between us and the server
    inflater* const inflater_;
    std::string partial_;  // a message in fragments, and whether they are compressed
    bool partial_compressed_ = false;
    std::string problem_;
};

}  // namespace chatterlink::load
