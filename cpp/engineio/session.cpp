#include "engineio/session.hpp"

#include <algorithm>

namespace chatterlink::engineio {

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
    : how_(how), heartbeat_due_(now + how.ping_interval), transport_(first) {}

std::string session::handshake(std::string_view sid, transport first, const settings& how) {
    const bool may_upgrade = first == transport::polling && how.allow_upgrades;
    std::string json;
    json.append(R"({"sid":")").append(sid);
    json.append(may_upgrade ? R"(","upgrades":["websocket"],"pingInterval":)"
                            : R"(","upgrades":[],"pingInterval":)");
    json.append(std::to_string(how.ping_interval.count())).append(R"(,"pingTimeout":)");
    json.append(std::to_string(how.ping_timeout.count())).append(R"(,"maxPayload":)");
    json.append(std::to_string(how.max_payload)).append("}");
    return json;
}

session::action session::end(close_reason why) noexcept {
    if (!open_) return action::none;
    open_ = false;
    reason_ = why;
    return action::close;
}

session::action session::on_packet(const packet& p, base::steady_time now) noexcept {
    if (!open_) return action::none;
    if (p.binary) return action::deliver;
    switch (p.type) {
        case packet_type::message:
            return action::deliver;
        case packet_type::pong:
            // Each pong answers one ping; an unasked one does not keep a session alive.
            if (heartbeat_ == heartbeat::awaiting_pong) {
                heartbeat_ = heartbeat::idle;
                heartbeat_due_ = now + how_.ping_interval;
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
    if (!open_) return action::none;
    return held ? end(close_reason::transport_error) : action::none;
}

session::action session::on_probe_opened(base::steady_time now) noexcept {
    if (!open_ || transport_ != transport::polling || upgrade_ != upgrade_state::none ||
        !how_.allow_upgrades) {
        return action::drop_probe;
    }
    upgrade_ = upgrade_state::opened;
    upgrade_due_ = now + how_.upgrade_timeout;
    return action::none;
}

session::action session::on_probe_packet(const packet& p) noexcept {
    if (!open_) return action::drop_probe;
    if (upgrade_ == upgrade_state::opened && !p.binary && p.type == packet_type::ping && p.data == "probe") {
        upgrade_ = upgrade_state::probed;
        return action::answer_probe;
    }
    if (upgrade_ == upgrade_state::probed && !p.binary && p.type == packet_type::upgrade) {
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
    if (!open_) return action::none;
    if (now >= heartbeat_due_) {
        if (heartbeat_ == heartbeat::awaiting_pong) return end(close_reason::ping_timeout);
        heartbeat_ = heartbeat::awaiting_pong;
        heartbeat_due_ = now + how_.ping_timeout;
        return action::send_ping;
    }
    if (now >= upgrade_due_) {
        on_probe_closed();
        return action::drop_probe;
    }
    return action::none;
}

base::steady_time session::deadline() const noexcept {
    return std::min(heartbeat_due_, upgrade_due_);
}

}  // namespace chatterlink::engineio
