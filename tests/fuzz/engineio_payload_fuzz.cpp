// Engine.IO v4 polling payloads: packets between separators, binary ones in base64.
#include <algorithm>

#include "engineio/packet.hpp"
#include "fuzz/fuzz.hpp"

namespace chatterlink::fuzzing {
namespace {

std::string encode(const std::vector<engineio::packet>& packets) {
    std::string payload;
    for (const auto& each : packets) {
        if (each.binary) {
            engineio::append_binary(payload, each.bytes());
        } else {
            engineio::append_text(payload, each.type, each.bytes());
        }
    }
    return payload;
}

// The payload without the line ends in its binary packets.
std::string without_line_ends(std::string_view payload) {
    std::string out;
    bool binary = false;
    bool first = true;
    for (const char c : payload) {
        if (first) binary = c == 'b';
        first = c == engineio::separator;
        if (!binary || (c != '\r' && c != '\n')) out += c;
    }
    return out;
}

}  // namespace

void fuzz(std::string_view input) {
    const auto packets = engineio::decode_payload(input);
    if (!packets) return;
    const auto separators = std::count(input.begin(), input.end(), engineio::separator);
    require(packets->size() == static_cast<std::size_t>(separators) + 1,
            "a payload is one packet for each separator, and one");
    require(packets->size() <= engineio::max_packets_in_payload,
            "a payload holds at most max_packets_in_payload packets");
    std::size_t bytes = 0;
    for (const auto& each : *packets) {
        require(!each.binary || each.type == engineio::packet_type::message, "a binary packet is a message");
        require(each.binary || inside(each.data, input),
                "a text packet's data is a view of the bytes that came");
        bytes += each.bytes().size();
    }
    require(bytes <= input.size(), "a payload never grows when it is decoded");
    // Base64 is read strictly but for line ends, so that there is one way to write each payload.
    require(encode(*packets) == without_line_ends(input), "a payload that was decoded is encoded as it came");
}

}  // namespace chatterlink::fuzzing
