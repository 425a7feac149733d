#include "socketio/connection.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "net/websocket_frame.hpp"

namespace chatterlink::socketio {
namespace {

constexpr std::size_t socket_id_bytes = 15;  // 120 random bits; it is a name, not a secret

}  // namespace

connection::connection(server& owner, engineio::client& lower, std::string remote)
    : owner_(owner),
      lower_(lower),
      remote_(std::move(remote)),
      session_(owner.configuration(), base::steady_now()),
      clock_(
          [](void* self) {
              auto& c = *static_cast<connection*>(self);
              if (c.session_.timed_out(base::steady_now())) {
                  c.lower_.close();  // ends *this
              } else {
                  c.start_timer();
              }
          },
          this) {
    start_timer();
}

connection::~connection() = default;

void connection::start_timer() {
    const auto due = session_.deadline();
    if (due == base::steady_time::max()) return clock_.cancel();
    lower_.home().start_timer(clock_, std::chrono::ceil<base::milliseconds>(due - base::steady_now()));
}

void connection::send(packet p) {
    auto out = encode(std::move(p));
    lower_.send(net::websocket_frame(net::websocket_opcode::text, "4", out.text));
    for (const auto& bytes : out.attachments) lower_.send_message(bytes, true);
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
    if (found == sockets_.end()) return lower_.close(engineio::close_reason::parse_error);
    const auto s = found->second;
    switch (p.type) {
        case packet_type::event:
        case packet_type::binary_event:
            return on_event(*s, std::move(p));
        case packet_type::disconnect:
            return remove(*s, engineio::close_reason::client_close);
        case packet_type::ack:  // this server asks for none yet, so an ack answers nothing
        case packet_type::binary_ack:
            return;
        case packet_type::connect_error:
        case packet_type::connect:
            break;
    }
    lower_.close(engineio::close_reason::parse_error);
}

void connection::on_connect(packet p) {
    if (sockets_.contains(p.nsp)) return lower_.close(engineio::close_reason::parse_error);
    const auto* const handler = owner_.find(p.nsp);
    if (handler == nullptr) return refuse(p.nsp, {{"message", "Invalid namespace"}});
    if (sockets_.size() >= max_namespaces) return refuse(p.nsp, {{"message", "Too many namespaces"}});
    auto s = std::make_shared<socket>(*this, base::random_token(socket_id_bytes), p.nsp);
    auto accepted = (*handler)(s, handshake{p.data, remote_});
    if (!accepted) {
        s->owner_ = nullptr;
        return refuse(p.nsp, accepted.error());
    }
    session_.on_connected();
    start_timer();
    s->handler_ = std::move(*accepted);
    send({packet_type::connect, p.nsp, {}, json{{"sid", s->id()}}, 0});
    sockets_.emplace(p.nsp, std::move(s));
}

void connection::refuse(const std::string& nsp, json data) {
    send({packet_type::connect_error, nsp, {}, std::move(data), 0});
}

void connection::on_event(socket& s, packet p) {
    const std::string name = p.data[0].get<std::string>();
    p.data.erase(0);
    try {
        s.handler_->on_event(name, std::move(p.data), p.id ? ack(s.weak_from_this(), *p.id) : ack());
    } catch (const std::exception& e) {
        // One event's trouble ends neither the socket nor the process (CVE-2024-38355).
        spdlog::error("socket.io event: {}", e.what());
    }
}

void connection::remove(socket& s, engineio::close_reason why) {
    const auto keep = s.shared_from_this();
    sockets_.erase(s.nsp());
    s.owner_ = nullptr;
    auto h = std::shared_ptr<socket_handler>(std::move(s.handler_));
    if (!h) return;
    h->on_disconnect(why);
    // It may be the handler's own event that ends the socket: it dies after its members have returned.
    boost::asio::post(lower_.home().context(), [h = std::move(h)] {});
}

void connection::on_close(engineio::close_reason why) {
    clock_.cancel();
    while (!sockets_.empty()) remove(*sockets_.begin()->second, why);
}

}  // namespace chatterlink::socketio
