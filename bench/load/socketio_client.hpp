// What a Socket.IO client says and hears, over whatever transport: Engine.IO v4 packets that hold Socket.IO
// v5 packets of the namespace "/".
#pragma once

#include <string>
#include <string_view>

#include "load/session.hpp"

namespace chatterlink::load {

class socketio_client : public session {
  public:
    using session::session;

    void say(std::string_view text, std::uint32_t seq) final;

  protected:
    /// Sends one Engine.IO packet, in order; may wait for flush().
    virtual void send_packet(std::string_view packet) = 0;

    /// To be called when the session is open: asks for the namespace.
    void on_opened() { send_packet("40"); }

    /// Takes an Engine.IO packet (without "open", which is the transport's). May close the session.
    void on_packet(std::string_view packet, nanoseconds now) {
        // An event. Which one need not be looked at: what holds a text of ours is a delivery, and any other
        // event (presence, notices) holds none.
        if (packet.starts_with("42")) return around_.results.deliver(self_, packet.substr(2), now);
        on_other(packet, now);
    }

    /// The session's id from the payload of an Engine.IO "open" packet (0{"sid":…}); empty when it is none.
    static std::string session_id(std::string_view packet);

    /// Ends it and tells so.
    void lost(const std::string& why);

  private:
    void on_other(std::string_view packet, nanoseconds now);
    void on_joined_namespace();
    void on_ack(std::string_view packet, nanoseconds now);

    std::string before_text_;  // of the packet of a message, up to its text, but for the ack's id
    std::string packet_;
};

}  // namespace chatterlink::load
