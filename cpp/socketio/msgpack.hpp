// The wire form of socket.io-msgpack-parser: a whole packet is one MessagePack object {type, data, nsp, id?}
// in one binary message. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "socketio/packet.hpp"

namespace chatterlink::socketio {

/// Errors: bad_payload with a sentence; the same rules as for text, other fields of the object are ignored.
base::result<packet> decode_msgpack(std::string_view bytes);

std::string encode_msgpack(const packet& p);

}  // namespace chatterlink::socketio
