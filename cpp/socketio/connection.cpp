#include "socketio/connection.hpp"

#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "base/log.hpp"
#include "socketio/move_in.hpp"
#include "socketio/outgoing.hpp"
#include "socketio/registry.hpp"

namespace chatterlink::socketio {

connection::connection(server& owner, engineio::client& lower, const net::exchange& request)
    : owner_(owner),
      lower_(lower),
      remote_(request.remote_address()),
      request_(request.info()),
      session_(owner.configuration(), base::steady_now()) {
    start_timer();
}

connection::~connection() {
    if (self_) *self_ = nullptr;
    for (auto& [nsp, s] : sockets_) {
        if (s) s->lost_connection();
    }
}

void connection::start_timer() {
    const auto due = session_.deadline();
    if (due == base::steady_time::max()) return clock_.reset();
    if (!clock_) {
        clock_ = std::make_unique<net::timer>([](void* c) { static_cast<connection*>(c)->on_time(); }, this);
    }
    lower_.home().start_timer(*clock_, std::chrono::ceil<base::milliseconds>(due - base::steady_now()));
}

void connection::on_time() {
    if (session_.timed_out(base::steady_now())) {
        lower_.close();  // ends *this
    } else {
        start_timer();
    }
}

const std::shared_ptr<connection*>& connection::self() {
    if (!self_) self_ = std::make_shared<connection*>(over_ ? nullptr : this);
    return self_;
}

void connection::send(const outgoing& what) {
    if (what.frames.size() == 1) {  // nearly always
        lower_.send(what.frames[0], what.volatile_event);
    } else {
        lower_.send_parts(what.frames, what.volatile_event);
    }
}

void connection::send(packet p) {
    send(*make_outgoing(std::move(p), owner_.configuration().wire));
}

void connection::on_message(std::string_view data, bool binary) {
    const auto before = session_.deadline();
    auto p = session_.on_message(data, binary, base::steady_now());
    if (!p) {
        spdlog::debug("socket.io: {}: {}", remote_, p.error().message);
        return lower_.close(engineio::close_reason::parse_error);
    }
    if (session_.deadline() != before) start_timer();
    if (*p) on_packet(std::move(**p));
}

void connection::on_packet(packet p) {
    if (p.type == packet_type::connect) return on_connect(std::move(p));
    const auto found = sockets_.find(p.nsp);
    const auto s = found == sockets_.end() ? nullptr : found->second;
    if (!s) return lower_.close(engineio::close_reason::parse_error);
    switch (p.type) {
        case packet_type::disconnect:
            return s->finish(engineio::close_reason::client_close);
        case packet_type::event:
        case packet_type::binary_event:
            if (s->connected()) return s->on_event(std::move(p));
            break;
        case packet_type::ack:
        case packet_type::binary_ack:
            if (s->connected()) return s->on_ack(*p.id, std::move(p.data));
            break;
        case packet_type::connect_error:
        case packet_type::connect:
            break;
    }
    lower_.close(engineio::close_reason::parse_error);
}

void connection::hold() {
    if (held_++ != 0) return;
    session_.set_paused(true, base::steady_now());
    start_timer();
    lower_.pause();
}

void connection::release() {
    if (--held_ != 0) return;
    session_.set_paused(false, base::steady_now());
    if (!over_) start_timer();  // else it is just being closed
    lower_.resume();
}

// ---- Connecting ----

void connection::on_connect(packet p) {
    if (sockets_.contains(p.nsp)) return lower_.close(engineio::close_reason::parse_error);
    const auto setup = owner_.namespaces_->find(p.nsp, p.data);
    if (!setup) return refuse(p.nsp, {{"message", "Invalid namespace"}});
    if (sockets_.size() >= max_namespaces) return refuse(p.nsp, {{"message", "Too many namespaces"}});
    if (owner_.configuration().recovery.enabled && p.data.is_object()) {
        const auto pid = p.data.find("pid");
        if (pid != p.data.end() && pid->is_string())
            return recover(p.nsp, p.data, setup, pid->get<std::string>());
    }
    begin(p.nsp, std::move(p.data), setup);
}

void connection::begin(const std::string& nsp, json auth, const setup_ptr& setup) {
    const auto here = lower_.home().id();
    auto s = std::make_shared<socket>(owner_, this, base::random_token_of(here, socket_id_bytes), nsp);
    if (owner_.configuration().recovery.enabled)
        s->make_recoverable(base::random_token_of(here, private_id_bytes));
    sockets_.insert_or_assign(nsp, s);
    owner_.registry_->add(s);
    admit(s, std::move(auth), setup, false);
}

void connection::recover(const std::string& nsp, json auth, const setup_ptr& setup, std::string pid) {
    std::optional<std::string> offset;
    if (const auto at = auth.find("offset"); at != auth.end() && at->is_string())
        offset = at->get<std::string>();
    const auto where = owner_.registry_->locate(pid);
    if (where == base::no_shard) return begin(nsp, std::move(auth), setup);
    if (where != lower_.home().id()) {
        sockets_.emplace(nsp, nullptr);
        return std::make_shared<move_in>(owner_, self(), move_in::papers{nsp, std::move(auth), setup},
                                         std::move(pid), std::move(offset))
            ->start(where);
    }
    auto* const old = owner_.registry_->find_private(pid);
    if (old == nullptr || old->nsp() != nsp) return begin(nsp, std::move(auth), setup);
    const auto keep = old->shared_from_this();
    auto missed = old->missed(offset);
    if (!missed || !old->park_for_takeover()) return begin(nsp, std::move(auth), setup);
    old->revive(*this, std::move(*missed));
    sockets_.insert_or_assign(nsp, keep);
    admit(keep, std::move(auth), setup, true);
}

void connection::admit(const socket_ptr& s, json auth, const setup_ptr& setup, bool recovered) {
    const bool skip = recovered && owner_.configuration().recovery.skip_middlewares;
    std::make_shared<admission>(owner_.threads_, s, setup,
                                admission::papers{std::move(auth), remote_, request_, recovered}, skip)
        ->run();
}

void connection::accepted(const socket& s) {
    session_.on_connected();
    start_timer();
    if (!owner_.configuration().keep_request) request_.reset();
    base::json_object_text ids(128);
    if (const auto* const pid = s.private_id()) ids.text("pid", *pid);
    const auto answer = std::move(ids.text("sid", s.id())).take();
    if (owner_.configuration().wire == parser::text) {
        send(*make_outgoing(encode_connect(s.nsp(), answer)));
    } else {
        send({packet_type::connect, s.nsp(), {}, json::parse(answer), 0});
    }
    // By itself, as Node's server does it: clients written by hand, the protocol's own test suite among them,
    // begin to listen for events when they have seen this, and would miss those that come in the same read.
    lower_.flush_apart();
}

void connection::refused(const socket& s, const json& data) {
    refuse(s.nsp(), data);
}

void connection::refuse(const std::string& nsp, const json& data) {
    send({packet_type::connect_error, nsp, {}, data, 0});
}

// ---- The end ----

void connection::disconnect_all() {
    std::vector<socket_ptr> all;
    for (const auto& [nsp, s] : sockets_) {
        if (s) all.push_back(s);
    }
    for (const auto& s : all) s->disconnect();
    lower_.close();
}

void connection::close_if_idle() {
    if (sockets_.empty()) lower_.close();
}

void connection::on_close(engineio::close_reason why) {
    over_ = true;
    if (self_) *self_ = nullptr;
    clock_.reset();
    const auto all = std::exchange(sockets_, {});
    for (const auto& [nsp, s] : all) {
        if (s && !s->park(why)) s->finish(why);
    }
}

}  // namespace chatterlink::socketio
