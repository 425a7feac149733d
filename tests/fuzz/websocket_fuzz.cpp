// WebSocket frames from a client, and the extensions it offers. The first byte of the input chooses limits
// and extensions, the second how the rest is cut (broken_websocket_rule).
#include "cpp/net/support/websocket_rules.hpp"
#include "fuzz/fuzz.hpp"
#include "net/websocket_extensions.hpp"

namespace chatterlink::fuzzing {
namespace {

void check_extensions(std::string_view field) {
    const auto offers = net::parse_websocket_extensions(field);
    if (!offers) return;
    std::size_t parts = 0;
    for (const auto& each : *offers) {
        require(!each.name.empty(), "an extension has a name");
        parts += 1 + each.parameters.size();
    }
    require(parts <= net::max_extension_parts, "a field lists at most max_extension_parts");
    const auto agreed = net::agree_on_deflate(*offers, {.enabled = true});
    if (!agreed) return;
    require(agreed->server_window_bits >= 8 && agreed->server_window_bits <= 15 &&
                agreed->client_window_bits >= 8 && agreed->client_window_bits <= 15,
            "windows have 8 to 15 bits (RFC 7692 §7.1.2)");
    const auto answer = net::parse_websocket_extensions(agreed->answer);
    require(answer && answer->size() == 1 && answer->front().name == "permessage-deflate",
            "the answer names the one extension that was agreed on");
}

}  // namespace

void fuzz(std::string_view input) {
    const auto broken = test::broken_websocket_rule(input);
    require(broken.empty(), broken.c_str());
    if (input.size() < 2) return;
    const net::websocket_decoder::rules plain{100'000, 1024, false, false};
    for (const auto& each : test::decoded(plain, input.substr(2)).entries) {
        if (each.what == net::websocket_decoder::event::message && !each.binary)
            require(is_utf8(each.payload), "a text message is UTF-8 (RFC 6455 §8.1)");
    }
    check_extensions(input);
}

}  // namespace chatterlink::fuzzing
