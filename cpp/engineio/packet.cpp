#include "engineio/packet.hpp"

#include <sodium.h>

#include <algorithm>

namespace chatterlink::engineio {
namespace {

std::optional<std::string> decode_base64(std::string_view text) {
    // libsodium 1.0.18 takes bytes above 0x7F for some character of the alphabet, and NUL for one to be
    // ignored.
    if (std::any_of(text.begin(), text.end(), [](char c) { return c == 0 || (c & 0x80) != 0; }))
        return std::nullopt;
    std::string out(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    // Padding as RFC 4648 §4 wants it. Line ends are passed over: the official Java client breaks lines as
    // MIME does (RFC 2045 §6.8).
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                          "\r\n", &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
        return std::nullopt;
    }
    out.resize(size);
    return out;
}

void separate(std::string& payload) {
    if (!payload.empty()) payload.push_back(separator);
}

}  // namespace

std::optional<packet> decode_text(std::string_view text) noexcept {
    if (text.empty() || text[0] < '0' || text[0] > '6') return std::nullopt;
    return packet{static_cast<packet_type>(text[0] - '0'), text.substr(1), false, {}};
}

std::optional<std::vector<packet>> decode_payload(std::string_view body) {
    std::vector<packet> packets;
    while (true) {
        const auto end = body.find(separator);
        const auto one = body.substr(0, end);
        if (packets.size() == max_packets_in_payload) return std::nullopt;
        if (!one.empty() && one[0] == 'b') {
            auto bytes = decode_base64(one.substr(1));
            if (!bytes) return std::nullopt;
            packets.push_back({packet_type::message, {}, true, std::move(*bytes)});
        } else {
            auto p = decode_text(one);
            if (!p) return std::nullopt;
            packets.push_back(std::move(*p));
        }
        if (end == std::string_view::npos) return packets;
        body.remove_prefix(end + 1);
    }
}

void append_text(std::string& payload, packet_type type, std::string_view data) {
    separate(payload);
    payload.push_back(static_cast<char>('0' + static_cast<int>(type)));
    payload.append(data);
}

void append_encoded(std::string& payload, std::string_view packet_text) {
    separate(payload);
    payload.append(packet_text);
}

void append_binary(std::string& payload, std::string_view data) {
    separate(payload);
    payload.push_back('b');
    constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
    const std::size_t before = payload.size();
    payload.resize(before + sodium_base64_encoded_len(data.size(), variant));
    sodium_bin2base64(payload.data() + before, payload.size() - before,
                      reinterpret_cast<const unsigned char*>(data.data()), data.size(), variant);
    payload.pop_back();  // the terminating NUL that sodium writes
}

}  // namespace chatterlink::engineio
