// Engine.IO v4 packets as text: what is decoded is encoded as it came.
#include "engineio/packet.hpp"

#include "fuzz/fuzz.hpp"

namespace chatterlink::fuzzing {

void fuzz(std::string_view input) {
    const auto packet = engineio::decode_text(input);
    const bool has_type = !input.empty() && input[0] >= '0' && input[0] <= '6';
    require(packet.has_value() == has_type,
            "a packet is refused if and only if its first character is no packet type");
    if (!packet) return;
    require(!packet->binary && packet->decoded.empty(), "a text packet is no binary one");
    require(inside(packet->data, input), "a packet's data is a view of the bytes that came");

    std::string again;
    engineio::append_text(again, packet->type, packet->bytes());
    require(again == input, "a packet that was decoded is encoded as it came");
}

}  // namespace chatterlink::fuzzing
