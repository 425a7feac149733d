// Who is in one room: members, what others still have to be told of them, who is typing.
// Pure state with time as an argument; the service keeps it on the room's home shard.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/shared_buffer.hpp"
#include "chat/events.hpp"
#include "chat/limits.hpp"
#include "chat/name_list.hpp"
#include "chat/names.hpp"

namespace chatterlink::chat {

/// A connection in the room; one member may be there with several (two tabs, a reconnect that overlaps).
using participant_id = std::uint64_t;

class room {
  public:
    room(std::string name, const limits& bounds) : name_(std::move(name)), limits_(bounds) {}

    const std::string& name() const noexcept { return name_; }

    /// Takes a connection in under a name. The same name again is fine for the same connection, and for
    /// another one that knows the member's token (null: has none). Another name from a connection that is in
    /// already renames it; alone under its name, it may also respell it. Gives the name as the room spells it
    /// now, one spelling for all of a member's connections. Errors: name_taken.
    base::result<std::string> enter(participant_id who, const chat::name& as, const base::buffer_ptr& token);

    /// Unknown connections are ignored.
    void leave(participant_id who);

    bool empty() const noexcept { return members_.empty(); }
    std::size_t count() const noexcept { return members_.size(); }

    /// The first names, in order of their keys: the same list until one of them changes.
    name_list_ptr members(std::size_t most);

    /// At most so many names behind that key (of whoever, there or not; empty: from the first), in the same
    /// order, and whether there are further ones.
    std::pair<std::vector<std::string>, bool> members_after(const std::string& key, std::size_t most) const;

    /// A sign of typing, or of having stopped. True if the list of those who type changed.
    bool set_typing(participant_id who, bool typing_now, base::steady_time now);
    bool expire_typing(base::steady_time now);
    bool anyone_typing() const noexcept { return !typing_.empty(); }
    typing typing_event() const;

    /// Whether there is presence to tell, and the event that tells it (which empties it).
    bool presence_pending() const noexcept { return !changes_.empty(); }
    presence take_presence();

    // Timers the service has running for this room.
    bool presence_scheduled = false;
    bool typing_scheduled = false;
    bool expiry_scheduled = false;

  private:
    struct member {
        std::string display;
        base::buffer_ptr token;
        std::uint32_t connections = 0;
    };
    void changed(const std::string& display, int by);
    void list_changes(const std::string& key) noexcept;

    std::string name_;
    const limits& limits_;
    using member_map = std::map<std::string, member>;  // by name key
    member_map members_;
    // What members() gave last: so many were asked for, and this is the last key of as many. Null: forgotten.
    name_list_ptr listed_;
    std::size_t listed_most_ = 0;
    std::string listed_last_;
    boost::unordered_flat_map<participant_id, member_map::iterator> who_is_;
    std::map<std::string, int> changes_;               // display -> +1 joined, -1 left
    std::map<std::string, base::steady_time> typing_;  // name key -> until when
};

}  // namespace chatterlink::chat
