// What the chat is about: messages, members, uploads. Plain values, no behaviour.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chatterlink::chat {

/// A file somebody uploaded, as the store remembers it and as a message carries it.
struct upload {
    std::string name;         // server-made, for example "01HF….png"; the address is /uploads/<name>
    std::string original;     // the name the sender gave, for display only, never a path
    std::string type;         // media type by content, for example "image/png"
    std::uint64_t size = 0;   // bytes
    std::uint32_t width = 0;  // pixels; 0 when unknown
    std::uint32_t height = 0;
    std::string thumbnail;  // server-made name of a smaller version; empty when there is none

    bool operator==(const upload&) const = default;
};

/// A message before the store has taken it.
struct draft {
    std::string room;
    std::string username;
    std::string text;
    std::string client_id;  // chosen by the client; empty when it chose none. Unique per room and user name.
    std::string reply_to;   // id of another message; empty when none
    std::vector<upload> attachments{};
};

/// A stored message. `seq` counts 1, 2, 3 … in its room without holes.
struct message {
    std::string id;  // unique, sortable
    std::string room;
    std::uint64_t seq = 0;
    std::string username;
    std::string text;
    std::int64_t timestamp = 0;  // milliseconds since 1970, wall clock
    std::string client_id;
    std::string reply_to;
    std::vector<upload> attachments{};

    bool operator==(const message&) const = default;
};

/// A room as a list shows it.
struct room_info {
    std::string name;
    std::uint64_t last_seq = 0;
    std::string topic;

    bool operator==(const room_info&) const = default;
};

}  // namespace chatterlink::chat
