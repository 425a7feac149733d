#include "engineio/session.hpp"

#include <algorithm>

namespace chatterlink::engineio {
namespace {

constexpr base::milliseconds timer_tick{
    20};  // how late a timer of the wheel may be on an idle machine: two ticks

constexpr std::size_t usual_handshake = 192;  // bytes that need no second allocation

}  // namespace

std::string_view close_reason_name(close_reason reason) noexcept {
    switch (reason) {
        case close_reason::client_close:
            return "client disconnect";
        case close_reason::server_close:
            return "server disconnect";
        case close_reason::ping_timeout:
            return "ping timeout";
        case close_reason::transport_close:
            return "transport close";
        case close_reason::transport_error:
            return "transport error";
        case close_reason::parse_error:
            return "parse error";
    }
    return "transport error";
}

session::session(transport first, const settings& how, base::steady_time now) noexcept
    : how_(how), due_(now + how.connect_timeout), transport_(first) {}

std::string session::handshake(std::string_view sid, transport first, const settings& how) {
    const bool may_upgrade = first == transport::polling && how.allow_upgrades && how.websocket;
    const auto interval = how.ping_interval + how.ping_grace;
    std::string json;
    json.reserve(usual_handshake);
    json.append(R"({"sid":")").append(sid);
    json.append(may_upgrade ? R"(","upgrades":["websocket"],"pingInterval":)"
                            : R"(","upgrades":[],"pingInterval":)");
    json.append(std::to_string(interval.count())).append(R"(,"pingTimeout":)");
    json.append(std::to_string(how.ping_timeout.count())).append(R"(,"maxPayload":)");
    json.append(std::to_string(how.max_payload)).append("}");
    return json;
}

void session::on_admitted(base::steady_time now) noexcept {
    if (phase_ != phase::waiting) return;
    phase_ = phase::open;
    due_ = now + how_.ping_interval;
}

session::action session::end(close_reason why) noexcept {
    if (!open()) return action::none;
    phase_ = phase::closed;
    reason_ = why;
    return action::close;
}

session::action session::on_close(bool reachable, base::steady_time now) noexcept {
    if (reachable || phase_ != phase::open) return end(close_reason::server_close);
    phase_ = phase::lingering;
    reason_ = close_reason::server_close;
    due_ = now + how_.close_timeout;
    return action::linger;
}

void session::set_paused(bool paused, base::steady_time now) noexcept {
    // The pong may be among what was not read: behind what may pause it again, or in a POST that is sent
    // only when the one before has its answer.
    const bool owed = paused_ && !paused && phase_ == phase::open && heartbeat_ == heartbeat::awaiting_pong;
    if (owed && how_.monitor) due_ = std::max(due_, now + how_.ping_timeout);
    paused_ = paused;
}

session::action session::on_packet(const packet& p, base::steady_time now) noexcept {
    if (phase_ != phase::open) return action::none;
    if (p.binary) return action::deliver;
    switch (p.type) {
        case packet_type::message:
            return action::deliver;
        case packet_type::pong:
            // Each pong answers one ping; an unasked one does not keep a session alive.
            if (heartbeat_ == heartbeat::awaiting_pong) {
                heartbeat_ = heartbeat::idle;
                due_ = now + how_.ping_interval;
            }
            return action::none;
        case packet_type::close:
            return end(close_reason::client_close);
        case packet_type::noop:
            return action::none;
        case packet_type::open:     // only a server opens
        case packet_type::ping:     // in v4 the server pings
        case packet_type::upgrade:  // belongs on the probing WebSocket
            break;
    }
    return end(close_reason::parse_error);
}

session::action session::on_poll(bool held) noexcept {
    if (phase_ == phase::lingering) {
        phase_ = phase::closed;
        return action::close;
    }
    if (phase_ != phase::open) return action::none;
    return held ? end(close_reason::transport_error) : action::none;
}

session::action session::on_probe_opened(base::steady_time now) noexcept {
    if (phase_ != phase::open || transport_ != transport::polling || upgrade_ != upgrade_state::none ||
        !how_.allow_upgrades) {
        return action::drop_probe;
    }
    upgrade_ = upgrade_state::opened;
    upgrade_due_ = now + how_.upgrade_timeout;
    return action::none;
}

session::action session::on_probe_packet(const packet& p) noexcept {
    const bool alive = phase_ == phase::open || phase_ == phase::lingering;
    if (alive && upgrade_ == upgrade_state::opened && !p.binary && p.type == packet_type::ping &&
        p.data == "probe") {
        upgrade_ = upgrade_state::probed;
        return action::answer_probe;
    }
    if (alive && upgrade_ == upgrade_state::probed && !p.binary && p.type == packet_type::upgrade) {
        upgrade_ = upgrade_state::done;
        upgrade_due_ = base::steady_time::max();
        transport_ = transport::websocket;
        return action::finish_upgrade;
    }
    on_probe_closed();
    return action::drop_probe;
}

void session::on_probe_closed() noexcept {
    if (upgrade_ == upgrade_state::done) return;
    upgrade_ = upgrade_state::none;
    upgrade_due_ = base::steady_time::max();
}

session::action session::on_transport_closed() noexcept {
    return end(close_reason::transport_close);
}

session::action session::on_time(base::steady_time now) noexcept {
    if (phase_ == phase::closed) return action::none;
    if (now >= due_) {
        switch (phase_) {
            case phase::waiting:
                return end(close_reason::transport_error);
            case phase::lingering:
                phase_ = phase::closed;
                return action::close;
            case phase::open:
            case phase::closed:
                break;
        }
        if (heartbeat_ == heartbeat::awaiting_pong && how_.monitor && !paused_)
            return end(close_reason::ping_timeout);
        heartbeat_ = heartbeat::awaiting_pong;
        // From when the ping was due, not from when the clock was read: the client counts from then too. A
        // ping that went out later than a timer's tick leaves the client its full time.
        const bool on_time = now - due_ <= timer_tick;
        due_ = (on_time ? due_ : now) + (how_.monitor ? how_.ping_timeout : how_.ping_interval);
        return action::send_ping;
    }
    if (now >= upgrade_due_) {
        on_probe_closed();
        return action::drop_probe;
    }
    return action::none;
}

base::steady_time session::deadline() const noexcept {
    return std::min(due_, upgrade_due_);
}

}  // namespace chatterlink::engineio
