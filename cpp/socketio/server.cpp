#include "socketio/server.hpp"

#include "net/websocket_frame.hpp"
#include "socketio/connection.hpp"

namespace chatterlink::socketio {

void ack::operator()(json arguments) const {
    if (!wanted_) return;
    if (const auto s = who_.lock()) s->send({packet_type::ack, s->nsp(), id_, std::move(arguments), 0});
}

socket::socket(connection& owner, std::string id, std::string nsp)
    : owner_(&owner), id_(std::move(id)), nsp_(std::move(nsp)) {}

void socket::emit(std::string_view event, json arguments) {
    json data = json::array({event});
    for (auto& each : arguments) data.push_back(std::move(each));
    send({packet_type::event, nsp_, {}, std::move(data), 0});
}

void socket::send(packet p) {
    if (owner_ != nullptr) owner_->send(std::move(p));
}

void socket::disconnect() {
    if (owner_ == nullptr) return;
    send({packet_type::disconnect, nsp_, {}, {}, 0});
    owner_->remove(*this, engineio::close_reason::server_close);
}

void socket::deliver(const hub::frame& f) {
    if (owner_ != nullptr) owner_->lower().send(f.in(hub::encoding::socketio), f.volatile_event);
}

base::buffer_ptr encode_event_frame(std::string_view nsp, std::string_view event, const json& argument) {
    std::string text = "42";
    if (nsp != "/") text.append(nsp).push_back(',');
    text.append("[").append(base::dump_json(event)).append(",").append(base::dump_json(argument)).append("]");
    return net::websocket_frame(net::websocket_opcode::text, text);
}

server::server(net::reactor& threads, engineio::settings lower, engineio::origin_policy origins, settings how)
    : how_(how),
      engine_(threads, lower, std::move(origins), [this](engineio::client& c, const net::exchange& e) {
          return std::make_unique<connection>(*this, c, e.remote_address());
      }) {}

void server::on_connect(std::string name, connect_handler handler) {
    namespaces_.emplace(std::move(name), std::move(handler));
}

const connect_handler* server::find(const std::string& nsp) const {
    const auto found = namespaces_.find(nsp);
    return found == namespaces_.end() ? nullptr : &found->second;
}

}  // namespace chatterlink::socketio
