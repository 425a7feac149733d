// The state of one Engine.IO v4 session, without sockets: packets, requests and time in, what to do out.
// Tested and fuzzed as it is; engineio/client.cpp does what it says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "engineio/packet.hpp"
#include "engineio/settings.hpp"

namespace chatterlink::engineio {

/// Why a session ended; close_reason_name() is how python-socketio and Node's Socket.IO spell it.
enum class close_reason : std::uint8_t {
    client_close,  // the client said so (packet "1")
    server_close,  // this side did
    ping_timeout,
    transport_close,  // the connection ended
    transport_error,  // a protocol error, a slow consumer, a second poll
    parse_error,
};
std::string_view close_reason_name(close_reason reason) noexcept;

class session {
  public:
    /// What a packet, a request or the clock leads to.
    enum class action : std::uint8_t {
        none,
        deliver,  // hand the packet's data to the application
        send_ping,
        answer_probe,    // send "3probe" on the probing WebSocket and let a held poll go with a noop
        finish_upgrade,  // the WebSocket is the transport now; polling is over
        drop_probe,      // close the probing WebSocket; the session goes on
        linger,  // over for the application; what is queued waits for one more poll (or the upgrade's end)
        close,   // the session is over, see reason()
    };

    session(transport first, const settings& how, base::steady_time now) noexcept;

    /// The open packet's data: {"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…}.
    static std::string handshake(std::string_view sid, transport first, const settings& how);

    /// The application has accepted it: the handshake goes out and the heartbeat begins.
    void on_admitted(base::steady_time now) noexcept;

    /// A packet from the current transport.
    action on_packet(const packet& p, base::steady_time now) noexcept;

    /// A poll (GET). `held`: one is waiting already, which ends the session (one poll at a time).
    /// Close: in a session that lingers, this poll takes what is queued.
    action on_poll(bool held) noexcept;

    /// A WebSocket that names this session. None: it may probe; drop_probe: refused (one at a time, and never
    /// after the upgrade or when the session did not begin with polling).
    action on_probe_opened(base::steady_time now) noexcept;
    action on_probe_packet(const packet& p) noexcept;
    void on_probe_closed() noexcept;

    /// The current transport ended.
    action on_transport_closed() noexcept;
    action on_error(close_reason why) noexcept { return end(why); }

    /// This side ends it. `reachable`: there is a WebSocket, or a poll that waits.
    action on_close(bool reachable, base::steady_time now) noexcept;

    /// Whether what the client sends is left unread for now; then a missing pong says nothing about it. It is
    /// pinged all the same, or it would believe the server gone; after the pause it has its full time again.
    void set_paused(bool paused, base::steady_time now) noexcept;
    bool paused() const noexcept { return paused_; }

    /// Something that deadline() announced. Too early: none.
    action on_time(base::steady_time now) noexcept;
    base::steady_time deadline() const noexcept;

    transport current() const noexcept { return transport_; }
    bool probing() const noexcept { return upgrade_ == upgrade_state::probed; }
    /// Until the end; also while the application has not accepted it yet.
    bool open() const noexcept { return phase_ == phase::waiting || phase_ == phase::open; }
    bool admitted() const noexcept { return phase_ != phase::waiting; }
    bool lingering() const noexcept { return phase_ == phase::lingering; }
    close_reason reason() const noexcept { return reason_; }

  private:
    enum class phase : std::uint8_t { waiting, open, lingering, closed };
    enum class upgrade_state : std::uint8_t { none, opened, probed, done };
    enum class heartbeat : std::uint8_t { idle, awaiting_pong };

    action end(close_reason why) noexcept;

    const settings& how_;
    base::steady_time
        due_;  // while waiting: the decision; then the next ping or its pong; then the last poll
    base::steady_time upgrade_due_ = base::steady_time::max();
    transport transport_;
    phase phase_ = phase::waiting;
    upgrade_state upgrade_ = upgrade_state::none;
    heartbeat heartbeat_ = heartbeat::idle;
    bool paused_ = false;
    close_reason reason_ = close_reason::server_close;
};

}  // namespace chatterlink::engineio
