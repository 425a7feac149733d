// Socket.IO v5 packets. The input is a row of Engine.IO messages, each ended by the byte 0xFF (which no UTF-8
// text holds): text, or binary when it begins with 0xFE. They go through a session as they would from a
// client.
#include "socketio/packet.hpp"

#include <utility>

#include "fuzz/fuzz.hpp"
#include "socketio/session.hpp"

namespace chatterlink::fuzzing {
namespace {

using socketio::packet;
using socketio::packet_type;

bool is_ack(packet_type type) {
    return type == packet_type::ack || type == packet_type::binary_ack;
}

// What the layers above may rely on without looking again.
void check_shape(const packet& p) {
    require(!p.nsp.empty() && p.nsp[0] == '/', "a namespace begins with a slash");
    require(p.nsp.size() <= socketio::max_namespace, "a namespace is at most max_namespace bytes long");
    require(p.nsp.find(',') == std::string::npos && p.nsp.find('?') == std::string::npos,
            "a namespace holds neither a comma nor a query");
    require(p.attachments <= socketio::max_attachments, "a packet has at most max_attachments attachments");
    switch (p.type) {
        case packet_type::event:
        case packet_type::binary_event:
            require(p.data.is_array() && !p.data.empty() && (p.data[0].is_string() || p.data[0].is_number()),
                    "an event has a name");
            break;
        case packet_type::ack:
        case packet_type::binary_ack:
            require(p.data.is_array() && p.id.has_value(), "an ack has an id and arguments");
            break;
        case packet_type::connect:
            require(p.data.is_null() || p.data.is_object(), "CONNECT carries an object or nothing");
            break;
        case packet_type::disconnect:
            require(p.data.is_null(), "DISCONNECT carries nothing");
            break;
        case packet_type::connect_error:
            require(p.data.is_object() || p.data.is_string(), "CONNECT_ERROR says why");
            break;
    }
}

// A whole packet, encoded and decoded again, is the same packet.
void check_round_trip(packet p) {
    // encode() chooses the binary types by itself.
    if (p.type == packet_type::binary_event) p.type = packet_type::event;
    if (p.type == packet_type::binary_ack) p.type = packet_type::ack;
    const auto before = p;
    auto written = socketio::encode(std::move(p));
    auto read = socketio::decode(written.text);
    require(read.has_value(), "a packet that was encoded can be decoded");
    require(read->attachments == written.attachments.size(), "a packet announces the attachments it has");
    if (!written.attachments.empty())
        require(socketio::restore_attachments(*read, written.attachments).has_value(),
                "attachments that were taken out can be put back");
    require(is_ack(read->type) == is_ack(before.type) && read->nsp == before.nsp && read->id == before.id,
            "type, namespace and id survive a round trip");
    require(read->data == before.data, "arguments survive a round trip");
}

}  // namespace

void fuzz(std::string_view input) {
    const socketio::settings how;
    const base::steady_time now{};
    socketio::session session(how, now);
    while (!input.empty()) {
        const auto end = input.find('\xff');
        auto message = input.substr(0, end);
        input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
        const bool binary = message.starts_with('\xfe');
        if (binary) message.remove_prefix(1);

        if (!binary) {
            if (const auto alone = socketio::decode(message)) check_shape(*alone);
        }
        auto whole = session.on_message(message, binary, now);
        if (!whole) return;  // ends the connection
        if (!*whole) {
            require(session.deadline() <= now + how.attachment_timeout,
                    "attachments are not awaited for ever");
            continue;
        }
        require((*whole)->attachments == 0, "a whole packet awaits no attachments");
        check_shape(**whole);
        check_round_trip(std::move(**whole));
    }
}

}  // namespace chatterlink::fuzzing
