// The polling side of a client, and the way from there to a WebSocket.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/ascii.hpp"
#include "engineio/client.hpp"
#include "engineio/client_probe.hpp"
#include "net/websocket_frame.hpp"

namespace chatterlink::engineio {
namespace {

// A binary packet has a content type of its own only before v4 (Engine.IO v4, "Packet encoding").
bool is_binary_body(const net::exchange& request) {
    constexpr std::string_view binary = "application/octet-stream";
    const auto type = request.header("Content-Type");
    return base::same_word(type.substr(0, binary.size()), binary);
}

void respond_error(net::exchange& request, protocol_error why) {
    request.respond(refusal::because(why).answer());
}

}  // namespace

// ---- GET ----

void client::on_poll(net::exchange_ptr request) {
    const auto keep = shared_from_this();
    const bool last = session_.lingering();
    if (session_.on_poll(polling_->held != nullptr) == session::action::close) {
        if (!last) {
            respond_error(*request, protocol_error::bad_request);
            return over();
        }
        polling_->held = std::move(request);
        answer_poll(polling_->queue.size());
        return over();
    }
    polling_->held = request;
    if (!polling_->queue.empty() || session_.probing()) return answer_poll();
    watch_for_end(*request);
}

// A request that waits here whose client goes ends the session.
void client::watch_for_end(net::exchange& request) {
    request.on_abort([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || !self->polling_) return;
        for (auto* const which : {&self->polling_->held, &self->polling_->handshake}) {
            if (!*which) continue;
            auto r = net::response::text(400, "");
            r.close = true;
            std::exchange(*which, nullptr)->respond(std::move(r));
        }
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
    if (polling_->bytes <= common_.how.max_poll_queue) polling_->full_since.reset();
    if (payload.empty()) append_text(payload, packet_type::noop, {});
    const auto poll = std::exchange(polling_->held, nullptr);
    respond_poll(*poll, std::move(payload), common_.how.compress_polls_from);
}

void client::respond_noop(net::exchange& poll) {
    std::string noop;
    append_text(noop, packet_type::noop, {});
    respond_poll(poll, std::move(noop), 0);
}

void client::respond_poll(net::exchange& poll, std::string payload, std::size_t compress_from) {
    auto r = net::response::text(200, payload);
    r.content_type = "text/plain; charset=UTF-8";
    r.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    r.compress_from = compress_from;
    poll.respond(std::move(r));
}

// ---- POST ----

void client::on_post_begun(const void* id) {
    if (!session_.open() || !session_.admitted() || !polling_) return;
    const auto keep = shared_from_this();
    if (polling_->posting != nullptr && polling_->posting != id)
        return act(session_.on_error(close_reason::transport_error), nullptr);
    polling_->posting = id;
}

// Without its request having come whole: the client broke off.
void client::on_post_ended(const void* id) {
    if (!polling_ || polling_->posting != id) return;
    const auto keep = shared_from_this();
    polling_->posting = nullptr;
    if (session_.open()) act(session_.on_error(close_reason::transport_error), nullptr);
}

void client::respond_post(net::exchange& request) {
    auto ok = net::response::text(200, "ok");
    ok.content_type = "text/html";
    ok.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    request.respond(std::move(ok));
}

void client::let_parked_go() {
    if (!polling_) return;
    if (const auto request = std::exchange(polling_->parked, nullptr)) respond_post(*request);
}

void client::on_post(net::exchange_ptr request) {
    const auto keep = shared_from_this();
    if (session_.lingering()) return respond_post(*request);  // nobody listens any more

    const bool overlapping =
        polling_->parked || (polling_->posting != nullptr && polling_->posting != request->info().get());
    const auto packets =
        overlapping || is_binary_body(*request) ? std::nullopt : decode_payload(request->body());
    if (!packets) {
        respond_error(*request, protocol_error::bad_request);
        return act(session_.on_error(overlapping ? close_reason::transport_error : close_reason::parse_error),
                   nullptr);
    }
    polling_->posting = nullptr;
    for (const auto& p : *packets) {
        const auto what = session_.on_packet(p, base::steady_now());
        // A packet that no client may send. (What the layer above finds wrong in a message is not this
        // request's.)
        const bool malformed =
            what == session::action::close && session_.reason() == close_reason::parse_error;
        if (malformed) respond_error(*request, protocol_error::bad_request);
        act(what, &p);
        if (malformed) return;
        if (!session_.open()) break;
    }
    if (session_.open()) start_timer();
    if (session_.open() && session_.paused()) {
        polling_->parked = std::move(request);
        return;
    }
    respond_post(*request);
}

// ---- Upgrade ----

void client::on_probe(net::exchange_ptr request) {
    if (session_.on_probe_opened(base::steady_now()) == session::action::drop_probe) {
        auto r = refusal::because(protocol_error::bad_request).answer();
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
    drop_probe();
}

void client::drop_probe() {
    if (!polling_ || !polling_->upgrade) return;
    polling_->upgrade->end();
    // It may be its own callback that leads here.
    boost::asio::post(home_.context(), [old = std::shared_ptr<probe>(std::move(polling_->upgrade))] {});
}

void client::finish_upgrade() {
    const auto old = std::shared_ptr<polling_state>(std::move(polling_));
    websocket_ = std::move(old->upgrade->socket);
    websocket_->set_listener(*this);
    if (old->held) respond_noop(*std::exchange(old->held, nullptr));
    if (old->parked) respond_post(*std::exchange(old->parked, nullptr));
    if (session_.paused()) websocket_->pause();
    websocket_->send_parts(old->queue);
    // The probe is still on the call stack.
    boost::asio::post(home_.context(), [old] {});
    if (session_.lingering()) {  // closed meanwhile: what was queued has gone out, the close packet last
        session_.on_time(base::steady_time::max());
        return over();
    }
    start_timer();
    handler_->on_upgrade();
}

}  // namespace chatterlink::engineio
