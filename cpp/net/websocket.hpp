// A WebSocket connection on the server's side (RFC 6455): Beast reads, checks and answers control frames;
// data frames are queued ready-made (websocket_frame.hpp). One shard. Beast's types stay in websocket.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "net/http.hpp"

namespace chatterlink::net {

struct websocket_limits {
    std::size_t max_message = 1'000'000;      // bytes of one message, after inflating: 1009 beyond
    base::milliseconds close_timeout{5'000};  // for the peer's close frame after ours
};

/// Close codes used here (RFC 6455 §7.4.1).
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    abnormal = 1006,  // never sent: the connection broke
    policy = 1008,
    internal = 1011,
};

class websocket {
  public:
    /// What happens to it. Called on its shard; never from inside one of the websocket's own members.
    class listener {
      public:
        virtual ~listener() = default;
        virtual void websocket_opened() = 0;
        virtual void websocket_message(std::string_view payload, bool binary) = 0;
        /// Once, last; not after detach(). `code` is the peer's, or abnormal.
        virtual void websocket_closed(std::uint16_t code) = 0;
    };

    virtual ~websocket() = default;

    /// Answers the upgrade request and starts reading. Until websocket_opened() nothing may be sent.
    /// The listener outlives the websocket or calls detach().
    static std::shared_ptr<websocket> accept(exchange& request, listener& who,
                                             const websocket_limits& limits);

    /// A ready-made frame.
    virtual send_outcome send(base::buffer_ptr frame, bool volatile_send = false) = 0;

    /// Starts the closing handshake; at once if the peer does not answer in time.
    virtual void close(close_code code) = 0;

    /// Closes the socket now.
    virtual void abort() = 0;

    /// Somebody else listens from now on (an upgrade became the session's transport).
    virtual void set_listener(listener& who) noexcept = 0;
    /// The listener hears nothing any more.
    virtual void detach() noexcept = 0;

    virtual shard& home() noexcept = 0;
};

}  // namespace chatterlink::net
