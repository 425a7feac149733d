// Socket.IO v5 packets: text to values and back (socket.io-protocol, revision 5). No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace chatterlink::socketio {

using base::json;

enum class packet_type : std::uint8_t {
    connect = 0,
    disconnect = 1,
    event = 2,
    ack = 3,
    connect_error = 4,
    binary_event = 5,
    binary_ack = 6,
};

/// Binary values of one packet (CVE-2026-33151: without a bound one header can claim billions).
inline constexpr unsigned max_attachments = 10;

/// Bytes of a namespace's name.
inline constexpr std::size_t max_namespace = 256;

/// Binary values stand in `data` as JSON binaries (json::binary), wherever they were in the arguments.
struct packet {
    packet_type type = packet_type::event;
    std::string nsp = "/";
    std::optional<std::uint64_t> id{};  // of the acknowledgement asked for or given
    json data{};  // event: [name (a text or a number), argument…]; ack: [argument…]; connect: an object or
                  // null
    unsigned attachments = 0;  // how many binary messages follow (binary types only)
};

/// Whether data (and id) are what the type wants. Events of the names that sockets themselves use (connect,
/// disconnect and the like) are not, as in Node's parser.
bool has_valid_payload(const packet& p);

/// The text part of a packet, after Engine.IO's digit. The placeholders of binary values are still in data.
/// Errors: bad_payload with a sentence.
base::result<packet> decode(std::string_view text);

/// Puts the attachments in the place of their placeholders. Errors: bad_payload (a placeholder that does not
/// fit).
base::result<void> restore_attachments(packet& p, std::vector<std::string>& attachments);

/// A packet ready to send: text, then binary messages in order.
struct encoded {
    std::string text;
    std::vector<std::string> attachments;
};

/// Event and ack become their binary types when data holds binaries.
encoded encode(packet p);

/// The text of a connect whose data is JSON already; of an ack, and of an event, whose only argument is.
std::string encode_connect(std::string_view nsp, std::string_view answer);
std::string encode_ack(std::string_view nsp, std::uint64_t id, std::string_view argument);
std::string encode_event(std::string_view nsp, std::string_view event, std::string_view argument);

}  // namespace chatterlink::socketio
