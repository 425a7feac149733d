#include "engineio/client.hpp"

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "engineio/client_probe.hpp"
#include "engineio/cookie.hpp"
#include "net/websocket_frame.hpp"

namespace chatterlink::engineio {

client::client(std::string sid, transport first, const common& shared, net::shard& home)
    : session_(first, shared.how, base::steady_now()),
      polling_(std::make_unique<polling_state>()),
      common_(shared),
      home_(home),
      sid_(std::move(sid)),
      clock_([](void* self) { static_cast<client*>(self)->on_time(); }, this) {}

client::~client() {
    if (websocket_) websocket_->detach();
}

// ---- Beginning ----

void client::start(net::exchange_ptr request, decision how) {
    if (const auto* const no = std::get_if<refusal>(&how)) {
        session_.on_error(close_reason::server_close);
        polling_->handshake = std::move(request);
        return refuse(*no);
    }
    if (!session_.open()) {  // closed by its own open handler
        polling_->handshake = std::move(request);
        return refuse(refusal::because(protocol_error::forbidden));
    }
    polling_->handshake = request;
    if (auto* const now = std::get_if<engineio::admitted>(&how)) {
        handler_ = std::move(*now);
        return accept();
    }
    handler_ = std::move(std::get<decide_later>(how).handler);
    start_timer();
    watch_for_end(*request);
}

void client::accept() {
    if (!polling_ || !polling_->handshake || !session_.open()) return;
    const auto request = std::exchange(polling_->handshake, nullptr);
    session_.on_admitted(base::steady_now());
    start_timer();
    if (session_.current() == transport::websocket) {
        websocket_ = net::websocket::accept(*request, *this, common_.limits);
        return;
    }
    if (common_.how.cookie) request->add_header("Set-Cookie", set_cookie(*common_.how.cookie, sid_));
    std::string payload;
    append_text(payload, packet_type::open, session::handshake(sid_, transport::polling, common_.how));
    respond_poll(*request, std::move(payload), common_.how.compress_polls_from);
}

void client::refuse(const refusal& why) {
    if (!polling_ || !polling_->handshake) return;
    const auto keep = shared_from_this();
    const auto request = std::exchange(polling_->handshake, nullptr);
    session_.on_error(close_reason::server_close);
    clock_.cancel();
    auto r = why.answer();
    r.close = request->wants_websocket();
    request->respond(std::move(r));
    if (auto h = std::shared_ptr<client_handler>(std::move(handler_)))
        boost::asio::post(home_.context(), [h = std::move(h)] {});
    common_.on_gone(*this);
}

// ---- Time ----

void client::start_timer() {
    const auto wait = session_.deadline() - base::steady_now();
    home_.start_timer(clock_, std::chrono::ceil<base::milliseconds>(wait));
}

void client::on_time() {
    const auto keep = shared_from_this();
    act(session_.on_time(base::steady_now()), nullptr);
    if (session_.open() || session_.lingering()) start_timer();
}

void client::check_time() {
    if (session_.open() && session_.deadline() <= base::steady_now()) on_time();
}

// ---- What the session decides ----

void client::act(session::action what, const packet* p) {
    switch (what) {
        case session::action::none:
            return;
        case session::action::deliver:
            handler_->on_message(p->bytes(), p->binary);
            return;
        case session::action::send_ping: {
            static const auto ping = net::websocket_frame(net::websocket_opcode::text, "2");
            send(ping);
            return;
        }
        case session::action::answer_probe: {
            polling_->upgrade->socket->send(net::websocket_frame(net::websocket_opcode::text, "3probe"));
            if (polling_->held)
                answer_poll();  // with a noop when there is nothing else, so that the client can pause
            return;
        }
        case session::action::finish_upgrade:
            return finish_upgrade();
        case session::action::drop_probe:
            return drop_probe();
        case session::action::linger:
            return linger();
        case session::action::close:
            return over();
    }
}

void client::flush_apart() {
    constexpr base::milliseconds gap{1};
    if (!polling_ && websocket_) websocket_->flush_apart(gap);
}

// Or to wait for the transport that is being opened.
net::send_outcome client::send_by_poll(std::span<const base::buffer_ptr> frames, bool volatile_send) {
    if (!session_.open() || !polling_ || polling_->too_slow) return net::send_outcome::closed;
    if (volatile_send && !polling_->held && !polling_->queue.empty()) {
        net::counters().dropped_volatile.fetch_add(1, std::memory_order_relaxed);
        return net::send_outcome::dropped;
    }
    if (!has_room_for_poll(base::size_of(frames))) {
        net::counters().closed_slow.fetch_add(1, std::memory_order_relaxed);
        spdlog::warn("engine.io: client {} is closed: more than {} bytes wait for its polls", sid_,
                     common_.how.max_poll_queue);
        polling_->too_slow = true;
        // Later: see connection::finish().
        boost::asio::post(home_.context(), [self = shared_from_this()] {
            self->act(self->session_.on_error(close_reason::transport_error), nullptr);
        });
        polling_->queue.clear();
        polling_->bytes = 0;
        return net::send_outcome::closed;
    }
    for (const auto& frame : frames) enqueue(frame);
    if (polling_->held) post_poll_flush();
    return net::send_outcome::queued;
}

// Or time to make it: a burst is more than a poll's answer takes.
bool client::has_room_for_poll(std::size_t size) {
    const auto& how = common_.how;
    const auto would_wait = polling_->bytes + size;
    if (would_wait <= how.max_poll_queue || polling_->queue.empty()) return true;
    if (would_wait / how.poll_burst > how.max_poll_queue) return false;
    const auto now = base::steady_now();
    if (!polling_->full_since) polling_->full_since = now;
    return now - *polling_->full_since < how.poll_catch_up;
}

void client::enqueue(const base::buffer_ptr& frame) {
    polling_->bytes += frame->size();
    polling_->queue.push_back(frame);
}

net::send_outcome client::send_message(std::string_view data, bool binary) {
    return send(binary ? net::websocket_frame(net::websocket_opcode::binary, data)
                       : net::websocket_frame(net::websocket_opcode::text, "4", data));
}

// ---- Back-pressure ----

void client::pause() {
    session_.set_paused(true, base::steady_now());
    if (websocket_ && !polling_) websocket_->pause();
}

void client::resume() {
    if (!session_.paused()) return;
    session_.set_paused(false, base::steady_now());
    if (websocket_ && !polling_) websocket_->resume();
    let_parked_go();
}

// ---- Ending ----

void client::close(close_reason why) {
    if (!session_.open()) return;
    const bool reachable = !polling_ || polling_->held;  // not: a WebSocket that is still opening
    act(why == close_reason::server_close ? session_.on_close(reachable, base::steady_now())
                                          : session_.on_error(why),
        nullptr);
}

void client::close_at_once() {
    const auto keep = shared_from_this();
    if (session_.open()) act(session_.on_error(close_reason::server_close), nullptr);
    if (session_.lingering()) act(session_.on_time(base::steady_time::max()), nullptr);
}

void client::tell_closed() {
    if (auto h = std::shared_ptr<client_handler>(std::move(handler_))) {
        h->on_close(session_.reason());
        // The handler may be what called close(): it dies after its own members have returned.
        boost::asio::post(home_.context(), [h = std::move(h)] {});
    }
}

void client::linger() {
    const auto keep = shared_from_this();
    enqueue(net::websocket_frame(net::websocket_opcode::text, "1"));
    start_timer();
    tell_closed();
}

void client::over() {
    const auto keep = shared_from_this();
    clock_.cancel();
    if (websocket_) {
        websocket_->detach();
        if (polling_) {
            websocket_->abort();  // still opening
        } else {
            if (session_.paused()) websocket_->resume();  // or its close frame would not be read
            websocket_->close(session_.reason() == close_reason::parse_error ? net::close_code::policy
                                                                             : net::close_code::normal);
        }
        websocket_.reset();
    }
    if (polling_) {
        drop_probe();
        let_parked_go();
        if (const auto request = std::exchange(polling_->handshake, nullptr)) {
            const bool closed = session_.reason() == close_reason::server_close;
            auto r = refusal{503, closed ? R"({"code":4,"message":"Closed by the server"})"
                                         : R"({"code":4,"message":"Not accepted in time"})"}
                         .answer();
            r.close = true;
            request->respond(std::move(r));
        }
        if (polling_->held) {
            // The last poll takes all that is queued, then a close packet; who closed it himself needs to
            // hear no more than that this poll is over.
            if (session_.reason() != close_reason::client_close)
                enqueue(net::websocket_frame(net::websocket_opcode::text, "1"));
            answer_poll(polling_->queue.size());
            polling_->told = true;
        }
    }
    tell_closed();
    common_.on_gone(*this);
}

// ---- WebSocket ----

void client::websocket_opened() {
    const auto before = std::move(polling_);
    websocket_->send(net::websocket_frame(net::websocket_opcode::text, "0",
                                          session::handshake(sid_, transport::websocket, common_.how)));
    websocket_->send_parts(before->queue);
    if (!session_.lingering()) return;
    const auto keep = shared_from_this();
    session_.on_time(base::steady_time::max());
    over();
}

void client::websocket_message(std::string_view payload, bool binary) {
    const auto keep = shared_from_this();
    if (binary) {
        const packet p{packet_type::message, payload, true, {}};
        return act(session_.on_packet(p, base::steady_now()), &p);
    }
    const auto p = decode_text(payload);
    if (!p) return act(session_.on_error(close_reason::parse_error), nullptr);
    const bool was_pong = p->type == packet_type::pong;
    act(session_.on_packet(*p, base::steady_now()), &*p);
    if (was_pong && session_.open()) start_timer();
}

void client::websocket_closed(std::uint16_t) {
    const auto keep = shared_from_this();
    websocket_.reset();
    act(session_.on_transport_closed(), nullptr);
}

}  // namespace chatterlink::engineio
