// What must hold for the WebSocket decoder whatever a client sends. A pure function over bytes: the unit
// tests call it with mutated frames, a fuzz target with anything.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "net/websocket_decoder.hpp"

namespace chatterlink::test {

/// Everything the decoder says about some bytes, cut into pieces of `piece` bytes (0: not cut).
struct decoded {
    using event = net::websocket_decoder::event;
    struct entry {
        event what;
        std::string payload;
        bool binary = false;
        unsigned code = 0;  // of close and failed
        bool operator==(const entry&) const = default;
    };
    std::vector<entry> entries;
    std::size_t held = 0;  // the most memory it held

    decoded(const net::websocket_decoder::rules& rules, std::string_view bytes, std::size_t piece = 0) {
        net::websocket_decoder decoder(rules);
        while (!bytes.empty()) {
            std::string_view part = bytes.substr(0, piece == 0 ? bytes.size() : piece);
            bytes.remove_prefix(part.size());
            for (;;) {
                const auto what = decoder.next(part);
                held = std::max(held, decoder.held());
                if (what == event::need_more) break;
                const bool ends = what == event::close || what == event::failed;
                entries.push_back({what, std::string(decoder.payload()),
                                   what == event::message && decoder.binary(),
                                   ends ? static_cast<unsigned>(decoder.code()) : 0});
            }
        }
    }
};

/// The first byte of `input` chooses the rules (bit 0: deflate, bit 1: with context takeover, bits 2 and 3:
/// small limits), the second how the rest is cut. Returns the rule that is broken, as a sentence; empty when
/// none is.
inline std::string broken_websocket_rule(std::string_view input) {
    using event = net::websocket_decoder::event;
    if (input.size() < 2) return {};
    const auto choice = static_cast<unsigned char>(input[0]);
    const net::websocket_decoder::rules rules{(choice & 4) != 0 ? 200U : 100'000U,
                                              (choice & 8) != 0 ? 3U : 1024U, (choice & 1) != 0,
                                              (choice & 2) != 0};
    const std::size_t piece = 1U + static_cast<unsigned char>(input[1]) % 16U;
    input.remove_prefix(2);
    const decoded whole(rules, input);
    const decoded cut(rules, input, piece);
    if (whole.entries != cut.entries) return "what is said depends on where the network cut";
    // A string doubles as it grows; beside the message there is a control frame.
    if (std::max(whole.held, cut.held) > 2 * (rules.max_message + 125) + 64)
        return "it holds more than a message";
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        const auto& e = whole.entries[i];
        const bool ends = e.what == event::close || e.what == event::failed;
        if (ends && i + 1 != whole.entries.size()) return "something was said after the end";
        if (e.what == event::message && e.payload.size() > rules.max_message)
            return "a message above the limit";
        if ((e.what == event::ping || e.what == event::pong) && e.payload.size() > 125)
            return "a control frame above 125 bytes";
        if (e.what == event::failed && e.code != 1002 && (e.code < 1007 || e.code > 1009))
            return "failed with a code that no rule names";
        if (e.what == event::close && (e.code < 1000 || e.code == 1004 || e.code == 1006 || e.code > 4999))
            return "a close code that must not be sent";
    }
    return {};
}

}  // namespace chatterlink::test
