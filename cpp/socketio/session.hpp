// The Socket.IO state of one Engine.IO connection, without sockets: messages in, whole packets out.
// It puts binary attachments back into their packet and refuses what breaks the protocol.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "socketio/packet.hpp"
#include "socketio/settings.hpp"

namespace chatterlink::socketio {

class session {
  public:
    session(const settings& how, base::steady_time now) noexcept
        : how_(how), due_(now + how.connect_timeout) {}

    /// A text or binary message. A packet when one is whole, nullopt while attachments are awaited.
    /// An error (bad_payload) ends the connection.
    base::result<std::optional<packet>> on_message(std::string_view data, bool binary, base::steady_time now);

    /// A namespace was connected: the connect timeout is over for good.
    void on_connected() noexcept { connected_ = true; }

    /// While nothing is read from the client, missing attachments say nothing about it; then they have their
    /// full time again.
    void set_paused(bool paused, base::steady_time now) noexcept;

    /// When timed_out() has to be asked, or steady_time::max().
    base::steady_time deadline() const noexcept;
    bool timed_out(base::steady_time now) const noexcept { return now >= deadline(); }

  private:
    const settings& how_;
    base::steady_time due_;
    bool connected_ = false;
    bool paused_ = false;
    struct awaited {  // a packet whose attachments are not all here yet
        packet announced;
        std::vector<std::string> attachments;
        base::steady_time due;
    };
    std::unique_ptr<awaited> waiting_;
};

}  // namespace chatterlink::socketio
