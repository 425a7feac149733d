#include "socketio/server.hpp"

#include <utility>

#include "net/websocket_frame.hpp"
#include "socketio/connection.hpp"
#include "socketio/namespaces.hpp"
#include "socketio/outgoing.hpp"
#include "socketio/packet.hpp"
#include "socketio/registry.hpp"

namespace chatterlink::socketio {

base::buffer_ptr encode_event_frame(std::string_view nsp, std::string_view event, std::string_view argument) {
    return net::websocket_frame(net::websocket_opcode::text, "4", encode_event(nsp, event, argument));
}

server::server(net::reactor& threads, engineio::settings lower, engineio::origin_policy origins, settings how)
    : threads_(threads),
      how_(how),
      rooms_(threads),
      namespaces_(std::make_unique<namespaces>()),
      registry_(std::make_unique<registry>(threads)),
      engine_(threads, lower, std::move(origins), [this](engineio::client& c, const net::exchange& e) {
          return std::make_unique<connection>(*this, c, e);
      }) {}

server::~server() = default;

void server::close_all() {
    engine_.close_all();
    for (const auto& s : registry_->all()) s->finish(engineio::close_reason::server_close);
}

// ---- Namespaces ----

void server::on_connect(std::string name, connect_handler handler) {
    namespaces_->set(name, [handler = std::move(handler)](socket_ptr s, const handshake& h,
                                                          const connect_decision& decide) {
        auto accepted = handler(std::move(s), h);
        if (!accepted) return decide.refuse(accepted.error());
        decide.accept(std::move(*accepted));
    });
}

void server::on_connect(std::string name, async_connect_handler handler) {
    namespaces_->set(name, std::move(handler));
}

void server::on_connect(namespace_predicate which, async_connect_handler handler,
                        std::vector<middleware> chain) {
    namespaces_->add(std::move(which), {std::move(handler), std::move(chain)});
}

void server::use(const std::string& name, middleware m) {
    namespaces_->use(name, std::move(m));
}

// ---- One socket ----

// While sockets may move (connection state recovery), looking a socket up and posting to its shard is one
// step for whoever moves one: what was posted text the move is part of it, what comes later goes where the
// socket goes.
std::unique_lock<std::mutex> server::keep_place(const std::string& nsp) {
    return how_.recovery.enabled ? std::unique_lock(registry_->order_of(nsp))
                                 : std::unique_lock<std::mutex>();
}

void server::at(const std::string& nsp, const std::string& sid, std::function<void(socket*)> what) {
    const auto place = keep_place(nsp);
    at(registry_->locate(sid), nsp, sid, std::move(what));
}

void server::at(base::shard_id where, const std::string& nsp, const std::string& sid,
                std::function<void(socket*)> what) {
    const bool nowhere = where == base::no_shard;
    threads_.post(nowhere ? 0 : where, [this, nowhere, where, nsp, sid, what = std::move(what)] {
        if (nowhere) return what(nullptr);
        if (auto* const s = registry_->find(nsp, sid)) {
            const auto keep = s->shared_from_this();
            return what(s);
        }
        // It may have gone to another shard since the caller looked (connection state recovery).
        const auto now = registry_->locate(sid);
        if (now == where || now == base::no_shard) return what(nullptr);
        at(now, nsp, sid, what);
    });
}

void server::emit_to(const std::string& nsp, const std::string& sid, std::string_view event, json arguments,
                     emit_options how) {
    auto out = encode_event(nsp, event, std::move(arguments), how.volatile_event, bool(how.on_ack));
    at(nsp, sid, [out = std::move(out), how = std::move(how)](socket* s) {
        if (s != nullptr) return s->send(out, how.on_ack, how.timeout);
        if (how.on_ack) how.on_ack(ack_outcome::disconnected, json::array());
    });
}

void server::with_socket(const std::string& nsp, const std::string& sid, std::function<void(socket*)> what) {
    at(nsp, sid,
       [what = std::move(what)](socket* s) { what(s != nullptr && s->lower() != nullptr ? s : nullptr); });
}

void server::rooms(const std::string& nsp, const std::string& sid,
                   std::function<void(std::optional<std::vector<std::string>>)> then) {
    with_socket(nsp, sid, [then = std::move(then)](socket* s) {
        then(s != nullptr ? std::optional(s->rooms()) : std::nullopt);
    });
}

void server::enter_room(const std::string& nsp, const std::string& sid, const std::string& room) {
    const auto place = keep_place(nsp);
    const auto where = registry_->locate(sid);
    if (where == base::no_shard) return;
    // The next broadcast of this thread has to reach the room, which may have nobody on that shard yet.
    const auto topic = topic_of(nsp, room);
    rooms_.expect(topic, where);
    at(where, nsp, sid, [this, where, topic, room](socket* s) {
        if (s != nullptr) s->join(room);
        rooms_.arrived(topic, where);
    });
}

void server::leave_room(const std::string& nsp, const std::string& sid, const std::string& room) {
    at(nsp, sid, [room](socket* s) {
        if (s != nullptr) s->leave(room);
    });
}

void server::close_room(const std::string& nsp, const std::string& room) {
    leave_rooms({.nsp = nsp, .rooms = {room}}, {room});
}

void server::disconnect(const std::string& nsp, const std::string& sid, bool close_connection) {
    at(nsp, sid, [close_connection](socket* s) {
        if (s != nullptr) s->disconnect(close_connection);
    });
}

}  // namespace chatterlink::socketio
