// The rules of the chat: who may join, say and read what. No sockets, no wire formats.
//
// Threads: a participant lives on its connection's shard and calls from there; answers come back there. A
// room lives on its home shard (base::shards::home_of(name)); commands go there by post, so rooms need no
// lock and different rooms use different cores.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/shards.hpp"
#include "chat/events.hpp"
#include "chat/limits.hpp"
#include "chat/participant.hpp"
#include "chat/room.hpp"
#include "chat/store.hpp"
#include "hub/hub.hpp"

namespace chatterlink::chat {

struct join_request {
    std::string username;
    std::string room;
    std::string token{};                   // from an earlier join's answer; empty when there is none
    std::optional<std::uint64_t> since{};  // the last seq the client has of this room
};

struct joined {
    std::string you;   // the name as accepted
    std::string room;  // the name as accepted
    std::string token;
    name_list_ptr members;
    std::size_t count = 0;
    history_page history;
};

struct members_query {
    std::string room;
    std::string after{};      // a name: those behind it; empty: the first
    std::uint32_t limit = 0;  // 0: the largest page
};

struct members_page {
    std::string room;                // the name as accepted
    std::vector<std::string> names;  // in one order for everybody
    bool more = false;               // there are further ones behind the last
    std::size_t count = 0;           // of all members
};

struct say_request {
    std::string room;
    std::string text;
    std::string client_id{};
    std::string reply_to{};
    std::vector<std::string> attachments{};  // names of uploads
    bool allow_empty = false;                // a blank line of the line protocol is a message
    bool echo = true;                        // the sender gets the message too
};

struct said {
    std::string id;
    std::uint64_t seq = 0;
    std::int64_t timestamp = 0;
};

struct listed_room {
    std::string name;
    std::size_t count = 0;  // members now
    std::string topic;
};

class service {
  public:
    /// Called once with what came of it, which is the callee's to take.
    template <class T>
    using done = store::done<T>;

    /// Everything given outlives the service. The shards' threads must have ended before it is destroyed.
    service(base::shards& threads, hub::hub& rooms, store& kept, limits bounds);
    ~service();

    /// Before the first participant. The encoder outlives the service.
    void add_encoder(const event_encoder& e) { encoders_.push_back(&e); }

    /// A new connection, on its shard (the current one).
    participant_ptr enter(hub::subscriber& who);

    /// The connection ended: leaves every room; nothing is delivered to its subscriber any more.
    void exit(participant& who);

    /// Errors: name_*, room_*, too_many_rooms, rate_limited, store_unavailable.
    void join(const participant_ptr& who, join_request what, done<joined> then);
    /// Errors: not_joined.
    base::result<void> leave(participant& who, const std::string& room_name);
    /// The answer means stored. Errors: not_joined, message_*, attachment_unknown, rate_limited,
    /// store_unavailable.
    void say(const participant_ptr& who, say_request what, done<said> then);
    /// Errors: not_joined, rate_limited.
    base::result<void> typing(participant& who, const std::string& room_name, bool typing_now);
    /// `which.limit` 0: the default; more than the largest: the largest. Errors: not_joined, rate_limited,
    /// store_unavailable.
    void history(const participant_ptr& who, history_query which, done<history_page> then);
    /// Rooms with members, then rooms with messages only. Errors: rate_limited, store_unavailable.
    void rooms(const participant_ptr& who, done<std::vector<listed_room>> then);
    /// `which.limit` more than the largest: the largest. Errors: not_joined, name_*, rate_limited.
    void list_members(const participant_ptr& who, members_query which, done<members_page> then);
    /// As many members of a room the participant is in as a join tells. Errors: not_joined.
    void members(const participant_ptr& who, const std::string& room_name,
                 done<std::pair<std::vector<std::string>, std::size_t>> then);

    const limits& bounds() const noexcept { return limits_; }
    store& kept() noexcept { return store_; }

    /// The only room a participant is in; nullptr with none or several.
    static const std::string* only_room(const participant& who);

  private:
    // A message on its way through the store. The shard of its room makes it and ends it; the store's thread
    // only fills in `kept`. So that thread asks for no memory that another one would give back, which costs
    // both of them more than memory of their own (docs/performance-notes.md, "Memory of another thread").
    struct append_under_way {
        participant_ptr who;
        base::shard_id home = 0;  // of the room
        bool echo = true;
        done<said> then;
        std::optional<base::result<appended>> kept{};  // until the store has answered
    };
    using appends_under_way = std::list<append_under_way>;

    struct per_shard {
        std::unordered_map<std::string, std::unique_ptr<room>> rooms;
        appends_under_way appends;
    };

    std::optional<base::error> too_often(token_bucket& bucket, std::string_view what) const;
    base::result<void> check_message(const say_request& what) const;
    room& room_here(const std::string& name);
    room* find_here(const std::string& name);
    void drop_if_empty(const std::string& name);
    name_list_ptr names_in(room& r) const;
    void leave_here(const std::string& name, participant_id who);
    void enter_room(const participant_ptr& who, chat::name as, base::buffer_ptr token, std::string room_name,
                    std::optional<std::uint64_t> since, done<joined> then);
    void subscribe_and_read(const participant_ptr& who, joined so_far, std::optional<std::uint64_t> since,
                            done<joined> then);
    void append(const participant_ptr& who, draft&& what, bool echo, done<said> then);
    void append_here(const participant_ptr& who, draft&& what, bool echo, done<said> then);
    void end_append(appends_under_way::iterator which);
    void attach(std::vector<std::string> names, std::size_t next, std::shared_ptr<draft> into,
                done<void> then);
    void publish(const std::string& room_name, const event& what, std::uint64_t seq, bool volatile_event,
                 const hub::subscriber* except);
    void schedule_presence(room& r);
    void schedule_typing(room& r);
    void schedule_typing_expiry(room& r);

    base::shards& threads_;
    hub::hub& hub_;
    store& store_;
    const limits limits_;
    std::vector<const event_encoder*> encoders_;
    std::vector<per_shard> shards_;
    std::atomic<participant_id> next_participant_{1};
};

}  // namespace chatterlink::chat
