// Engine.IO v4 packets and payloads: bytes to values and back (engine.io-protocol, revision 4). No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterlink::engineio {

enum class packet_type : std::uint8_t {
    open = 0,
    close = 1,
    ping = 2,
    pong = 3,
    message = 4,
    upgrade = 5,
    noop = 6
};

/// A packet inside somebody else's bytes (or, for base64 binary in a payload, inside `decoded`).
struct packet {
    packet_type type = packet_type::noop;
    std::string_view data{};
    bool binary = false;
    std::string decoded{};  // owns the bytes of a binary packet that came as base64; data is then unused

    std::string_view bytes() const noexcept { return decoded.empty() ? data : std::string_view(decoded); }
};

/// A text packet ("4hello"): one digit, then data. nullopt for an empty text or an unknown type.
std::optional<packet> decode_text(std::string_view text) noexcept;

/// The separator of packets in a polling payload (U+001E).
inline constexpr char separator = '\x1e';

/// Packets of one POST. More than this is refused: one body must not stand for a million tiny packets.
inline constexpr std::size_t max_packets_in_payload = 1000;

/// A polling body: text packets and "b" + base64 ones. nullopt when anything in it is malformed.
std::optional<std::vector<packet>> decode_payload(std::string_view body);

/// Appends a packet to a polling payload, with the separator when it is not the first.
void append_text(std::string& payload, packet_type type, std::string_view data);
void append_encoded(std::string& payload, std::string_view packet_text);
void append_binary(std::string& payload, std::string_view data);

}  // namespace chatterlink::engineio
