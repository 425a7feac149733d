// The state of one Engine.IO v4 session, without sockets: packets, requests and time in, what to do out.
// Tested and fuzzed as it is; engineio/client.cpp does what it says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "engineio/packet.hpp"

namespace chatterlink::engineio {

enum class transport : std::uint8_t { polling, websocket };

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

struct settings {
    base::milliseconds ping_interval{25'000};
    base::milliseconds ping_timeout{20'000};
    base::milliseconds upgrade_timeout{10'000};
    std::uint32_t max_payload = 1'000'000;  // bytes of one message or one POST
    bool allow_upgrades = true;
};

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
        close,           // the session is over, see reason()
    };

    session(transport first, const settings& how, base::steady_time now) noexcept;

    /// The open packet's data: {"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…}.
    static std::string handshake(std::string_view sid, transport first, const settings& how);

    /// A packet from the current transport.
    action on_packet(const packet& p, base::steady_time now) noexcept;

    /// A poll (GET). `held`: one is waiting already, which ends the session (one poll at a time).
    action on_poll(bool held) noexcept;

    /// A WebSocket that names this session. None: it may probe; drop_probe: refused (one at a time, and never
    /// after the upgrade or when the session did not begin with polling).
    action on_probe_opened(base::steady_time now) noexcept;
    action on_probe_packet(const packet& p) noexcept;
    void on_probe_closed() noexcept;

    /// The current transport ended.
    action on_transport_closed() noexcept;
    action on_error(close_reason why) noexcept { return end(why); }

    /// Something that deadline() announced. Too early: none.
    action on_time(base::steady_time now) noexcept;
    base::steady_time deadline() const noexcept;

    transport current() const noexcept { return transport_; }
    bool probing() const noexcept { return upgrade_ == upgrade_state::probed; }
    bool open() const noexcept { return open_; }
    close_reason reason() const noexcept { return reason_; }

  private:
    enum class upgrade_state : std::uint8_t { none, opened, probed, done };
    enum class heartbeat : std::uint8_t { idle, awaiting_pong };

    action end(close_reason why) noexcept;

    const settings& how_;
    base::steady_time heartbeat_due_;
    base::steady_time upgrade_due_ = base::steady_time::max();
    transport transport_;
    upgrade_state upgrade_ = upgrade_state::none;
    heartbeat heartbeat_ = heartbeat::idle;
    close_reason reason_ = close_reason::server_close;
    bool open_ = true;
};

}  // namespace chatterlink::engineio
