#include "engineio/client.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "net/websocket_frame.hpp"

namespace chatterlink::engineio {

// Speaks for the WebSocket that wants to take over from polling. Owned by the client it belongs to.
class client::probe final : public net::websocket::listener {
  public:
    probe(client& owner, net::exchange& request) : owner_(owner) {
        socket = net::websocket::accept(request, *this, owner.limits_);
    }
    ~probe() override {
        if (!socket) return;
        socket->detach();
        socket->close(net::close_code::normal);
    }
    void websocket_opened() override {}
    void websocket_message(std::string_view payload, bool binary) override {
        owner_.on_probe_message(payload, binary);
    }
    void websocket_closed(std::uint16_t) override { owner_.on_probe_gone(); }

    std::shared_ptr<net::websocket> socket;

  private:
    client& owner_;
};

client::client(std::string sid, transport first, const settings& how, const net::websocket_limits& limits,
               net::shard& home, forget on_gone)
    : sid_(std::move(sid)),
      limits_(limits),
      home_(home),
      on_gone_(std::move(on_gone)),
      session_(first, how, base::steady_now()),
      clock_([](void* self) { static_cast<client*>(self)->on_time(); }, this) {
    if (first == transport::polling) polling_ = std::make_unique<polling_state>();
    open_packet_ = session::handshake(sid_, first, how);
    start_timer();
}

client::~client() {
    if (websocket_) websocket_->detach();
}

void client::start_timer() {
    const auto wait = session_.deadline() - base::steady_now();
    home_.start_timer(clock_, std::chrono::ceil<base::milliseconds>(wait));
}

void client::on_time() {
    const auto keep = shared_from_this();
    act(session_.on_time(base::steady_now()), nullptr);
    if (session_.open()) start_timer();
}

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
        case session::action::close:
            return over();
    }
}

net::send_outcome client::send(base::buffer_ptr frame, bool volatile_send) {
    if (!session_.open()) return net::send_outcome::closed;
    if (session_.current() == transport::websocket) {
        return websocket_ ? websocket_->send(std::move(frame), volatile_send) : net::send_outcome::closed;
    }
    if (volatile_send && !polling_->held && !polling_->queue.empty()) return net::send_outcome::dropped;
    polling_->bytes += frame->size();
    if (polling_->bytes > max_poll_queue) {
        net::counters().closed_slow.fetch_add(1, std::memory_order_relaxed);
        // Later: see connection::finish().
        boost::asio::post(home_.context(), [self = shared_from_this()] {
            self->act(self->session_.on_error(close_reason::transport_error), nullptr);
        });
        polling_->queue.clear();
        polling_->bytes = 0;
        return net::send_outcome::closed;
    }
    polling_->queue.push_back(std::move(frame));
    if (polling_->held) post_poll_flush();
    return net::send_outcome::queued;
}

net::send_outcome client::send_message(std::string_view data, bool binary) {
    return send(binary ? net::websocket_frame(net::websocket_opcode::binary, data)
                       : net::websocket_frame(net::websocket_opcode::text, "4", data));
}

void client::close(close_reason why) {
    if (!session_.open()) return;
    act(session_.on_error(why), nullptr);
}

void client::over() {
    const auto keep = shared_from_this();
    clock_.cancel();
    if (websocket_) {
        websocket_->detach();
        websocket_->close(session_.reason() == close_reason::parse_error ? net::close_code::policy
                                                                         : net::close_code::normal);
        websocket_.reset();
    }
    if (polling_) {
        polling_->upgrade.reset();
        if (polling_->held) {
            // The last poll takes all that is queued, then a close packet.
            polling_->queue.push_back(net::websocket_frame(net::websocket_opcode::text, "1"));
            answer_poll(polling_->queue.size());
        }
    }
    if (auto h = std::shared_ptr<client_handler>(std::move(handler_))) {
        h->on_close(session_.reason());
        // The handler may be what called close(): it dies after its own members have returned.
        boost::asio::post(home_.context(), [h = std::move(h)] {});
    }
    on_gone_(*this);
}

// ---- WebSocket ----

void client::start_websocket(net::exchange& request) {
    websocket_ = net::websocket::accept(request, *this, limits_);
}

void client::websocket_opened() {
    websocket_->send(net::websocket_frame(net::websocket_opcode::text, "0", open_packet_));
    open_packet_ = {};
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
    websocket_.reset();
    act(session_.on_transport_closed(), nullptr);
}

// ---- Polling ----

void client::start_polling(net::exchange_ptr request) {
    std::string payload;
    append_text(payload, packet_type::open, open_packet_);
    open_packet_ = {};
    respond_poll(std::move(request), std::move(payload));
}

void client::on_poll(net::exchange_ptr request) {
    const auto keep = shared_from_this();
    if (session_.on_poll(polling_->held != nullptr) == session::action::close) {
        request->respond(net::response::text(400, "one poll at a time"));
        return over();
    }
    polling_->held = request;
    if (!polling_->queue.empty() || session_.probing()) return answer_poll();
    request->on_abort([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || !self->polling_ || !self->polling_->held) return;
        auto r = net::response::text(400, "");
        r.close = true;
        std::exchange(self->polling_->held, nullptr)->respond(std::move(r));
        self->act(self->session_.on_transport_closed(), nullptr);
    });
}

void client::post_poll_flush() {
    if (polling_->flush_posted) return;
    polling_->flush_posted = true;  // once a round: everything the round brings goes into one answer
    boost::asio::post(home_.context(), [self = shared_from_this()] {
        if (!self->polling_) return;
        self->polling_->flush_posted = false;
        if (self->polling_->held) self->answer_poll();
    });
}

void client::answer_poll(std::size_t most) {
    auto& queue = polling_->queue;
    const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(most, queue.size()));
    std::string payload;
    for (auto frame = queue.begin(); frame != end; ++frame) {
        const bool binary = (static_cast<unsigned char>((*frame)->data()[0]) & 0x0f) == 0x2;
        const auto data = net::websocket_payload((*frame)->view());
        if (binary) {
            append_binary(payload, data);
        } else {
            append_encoded(payload, data);
        }
        polling_->bytes -= (*frame)->size();
    }
    queue.erase(queue.begin(), end);
    if (payload.empty()) append_text(payload, packet_type::noop, {});
    respond_poll(std::exchange(polling_->held, nullptr), std::move(payload));
}

void client::respond_poll(net::exchange_ptr poll, std::string payload) {
    auto r = net::response::text(200, payload);
    r.content_type = "text/plain; charset=UTF-8";
    r.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    poll->respond(std::move(r));
}

void client::on_post(net::exchange_ptr request) {
    const auto keep = shared_from_this();
    const auto packets = decode_payload(request->body());
    if (!packets) {
        request->respond(net::response::text(400, "malformed payload"));
        return act(session_.on_error(close_reason::parse_error), nullptr);
    }
    for (const auto& p : *packets) {
        act(session_.on_packet(p, base::steady_now()), &p);
        if (!session_.open()) break;
    }
    if (session_.open()) start_timer();
    auto ok = net::response::text(200, "ok");
    ok.content_type = "text/html";
    ok.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    request->respond(std::move(ok));
}

// ---- Upgrade ----

void client::on_probe(net::exchange_ptr request) {
    if (session_.on_probe_opened(base::steady_now()) == session::action::drop_probe) {
        auto r = net::response::text(400, "no upgrade for this session");
        r.close = true;
        return request->respond(std::move(r));
    }
    polling_->upgrade = std::make_unique<probe>(*this, *request);
    start_timer();
}

void client::on_probe_message(std::string_view payload, bool binary) {
    const auto keep = shared_from_this();
    const auto p =
        binary ? packet{packet_type::message, payload, true, {}} : decode_text(payload).value_or(packet{});
    act(session_.on_probe_packet(p), &p);
}

void client::on_probe_gone() {
    session_.on_probe_closed();
    // Not from inside the probe's own callback.
    boost::asio::post(home_.context(), [self = shared_from_this()] {
        if (self->polling_) self->polling_->upgrade.reset();
    });
}

void client::drop_probe() {
    boost::asio::post(home_.context(), [self = shared_from_this()] {
        if (self->polling_) self->polling_->upgrade.reset();
    });
}

void client::finish_upgrade() {
    websocket_ = std::move(polling_->upgrade->socket);
    websocket_->set_listener(*this);
    if (polling_->held) {
        std::string noop;
        append_text(noop, packet_type::noop, {});
        respond_poll(std::exchange(polling_->held, nullptr), std::move(noop));
    }
    for (auto& frame : polling_->queue) websocket_->send(std::move(frame));
    // The probe is still on the call stack.
    boost::asio::post(home_.context(), [old = std::shared_ptr<polling_state>(std::move(polling_))] {});
    start_timer();
}

}  // namespace chatterlink::engineio
