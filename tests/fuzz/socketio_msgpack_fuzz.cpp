// Socket.IO packets as socket.io-msgpack-parser writes them: one MessagePack object each.
#include <utility>

#include "fuzz/fuzz.hpp"
#include "socketio/msgpack.hpp"

namespace chatterlink::fuzzing {

void fuzz(std::string_view input) {
    auto p = socketio::decode_msgpack(input);
    if (!p) return require(!p.error().message.empty(), "a refusal says why");
    require(!p->nsp.empty() && p->nsp[0] == '/' && p->nsp.size() <= socketio::max_namespace,
            "a namespace begins with a slash and is at most max_namespace bytes long");
    require(p->attachments == 0, "nothing follows a packet of MessagePack");
    require(socketio::has_valid_payload(*p), "the arguments are what the type wants");
    // What came has one meaning: written and read again it is the same.
    const auto written = socketio::encode_msgpack(*p);
    const auto again = socketio::decode_msgpack(written);
    require(again.has_value(), "a packet that was encoded can be decoded");
    require(again->type == p->type && again->nsp == p->nsp && again->id == p->id,
            "type, namespace and id survive");
    require(again->data == p->data, "arguments survive a round trip");
    require(socketio::encode_msgpack(*again) == written, "a packet is written one way");
}

}  // namespace chatterlink::fuzzing
