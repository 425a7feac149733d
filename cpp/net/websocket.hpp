// A WebSocket connection on the server's side (RFC 6455, RFC 7692): the decoder says what arrives, what goes
// out is queued as ready-made frames (websocket_frame.hpp). One shard. An idle one holds no buffer: bytes are
// read into the shard's scratch space.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "net/deflate.hpp"
#include "net/http.hpp"
#include "net/websocket_decoder.hpp"

namespace chatterlink::net {

struct websocket_limits {
    std::size_t max_message = 1'000'000;      // bytes of one message, after inflating: 1009 beyond
    base::milliseconds close_timeout{5'000};  // for the peer's close frame after ours
    std::uint32_t max_fragments = 1024;       // frames that one message may come in: 1008 beyond
    deflate_settings deflate{};               // permessage-deflate; off
};

/// The answer to a request that asks for a WebSocket (exchange::wants_websocket) but in a way that cannot be
/// accepted: 400, or 426 with Sec-WebSocket-Version for another version than 13 (RFC 6455 §4.4). nullopt when
/// accept() will take it. For handlers that make something for a client first.
std::optional<response> websocket_refusal(const exchange& request);

class websocket {
  public:
    /// What happens to it. Called on its shard; never from inside one of the websocket's own members.
    class listener {
      public:
        virtual ~listener() = default;
        virtual void websocket_opened() = 0;
        virtual void websocket_message(std::string_view payload, bool binary) = 0;
        /// Once, last; not after detach(). `code` is the peer's (1005 if it gave none), or abnormal (1006).
        virtual void websocket_closed(std::uint16_t code) = 0;
    };

    virtual ~websocket() = default;

    /// Answers the upgrade request, together with what websocket_opened() sends first, and starts reading.
    /// Until websocket_opened() nothing may be sent. One that websocket_refusal() refuses is answered so, and
    /// the listener hears websocket_closed() only.
    /// The listener outlives the websocket or calls detach(); the limits outlive it.
    static std::shared_ptr<websocket> accept(exchange& request, listener& who,
                                             const websocket_limits& limits);

    /// A ready-made frame: a whole message, plain. To a client with permessage-deflate its compressed form
    /// goes out (deflated_frame()).
    virtual send_outcome send(const base::buffer_ptr& frame, bool volatile_send = false) = 0;
    /// Several that belong together: see connection::send_parts().
    virtual send_outcome send_parts(std::span<const base::buffer_ptr> frames, bool volatile_send = false) = 0;

    /// send() comes soon: has what it will touch brought into the cache.
    virtual void expect_send() const noexcept {}

    /// What was sent goes out now, what is sent later not within the next milliseconds
    /// (connection::flush_apart).
    virtual void flush_apart(base::milliseconds gap) = 0;

    /// Starts the closing handshake; at once if the peer does not answer in time.
    virtual void close(close_code code) = 0;

    /// Closes the socket now.
    virtual void abort() = 0;

    /// Delivers nothing and reads nothing more until resume(): TCP's back-pressure to the peer. Its end is
    /// not noticed meanwhile either.
    virtual void pause() = 0;
    virtual void resume() = 0;

    /// Somebody else listens from now on (an upgrade became the session's transport).
    virtual void set_listener(listener& who) noexcept = 0;
    /// The listener hears nothing any more.
    virtual void detach() noexcept = 0;

    virtual shard& home() noexcept = 0;
};

}  // namespace chatterlink::net
