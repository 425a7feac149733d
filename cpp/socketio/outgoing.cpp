#include "socketio/outgoing.hpp"

#include <utility>

#include "net/websocket_frame.hpp"
#include "socketio/msgpack.hpp"

namespace chatterlink::socketio {

std::shared_ptr<outgoing> make_outgoing(std::string_view text) {
    auto out = std::make_shared<outgoing>();
    out->frames.push_back(net::websocket_frame(net::websocket_opcode::text, "4", text));
    out->bytes = out->frames.front()->size();
    return out;
}

std::shared_ptr<outgoing> make_outgoing(packet p, parser wire) {
    auto out = std::make_shared<outgoing>();
    out->ack_id = p.type == packet_type::event ? p.id : std::nullopt;
    if (wire == parser::msgpack) {
        out->frames.push_back(net::websocket_frame(net::websocket_opcode::binary, encode_msgpack(p)));
    } else {
        const auto parts = encode(std::move(p));
        out->frames.reserve(1 + parts.attachments.size());
        out->frames.push_back(net::websocket_frame(net::websocket_opcode::text, "4", parts.text));
        for (const auto& bytes : parts.attachments)
            out->frames.push_back(net::websocket_frame(net::websocket_opcode::binary, bytes));
    }
    for (const auto& f : out->frames) out->bytes += f->size();
    return out;
}

json event_data(std::string_view event, json arguments) {
    json data = json::array({event});
    if (!arguments.is_array()) {
        data.push_back(std::move(arguments));
        return data;
    }
    for (auto& each : arguments) data.push_back(std::move(each));
    return data;
}

}  // namespace chatterlink::socketio
