// What the micro-benchmarks encode, decode and store: a chat message of 100 bytes, as it is on the wire.
#pragma once

#include <string>

#include "base/json.hpp"
#include "chat/types.hpp"

namespace chatterlink::micro {

inline std::string text() {
    return std::string(100, 'x');
}

inline base::json message_event() {
    return base::json::array({"message",
                              {{"id", "01JDXQ5W8Z3V6T7R9K2M4N6P8Q"},
                               {"seq", 123456},
                               {"room", "general"},
                               {"username", "somebody"},
                               {"message", text()},
                               {"timestamp", 1764042000000}}});
}

/// What a client sends to say something, after Engine.IO's digit.
inline std::string message_from_client() {
    return "217" + base::json::array({"message", {{"room", "general"}, {"message", text()}}}).dump();
}

inline chat::draft draft(std::string room) {
    return {std::move(room), "somebody", text(), "", ""};
}

}  // namespace chatterlink::micro
