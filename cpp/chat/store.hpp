// The store port: where messages and uploads are kept.
//
// Adapters: store/store_memory, store/store_sqlite. One contract test
// (tests/cpp/contracts/store_contract_test.cpp) runs over every adapter.
//
// Threads: any thread may call. A completion is called exactly once, on any thread, possibly before the call
// returns; the caller moves to its own shard by itself. Completions of appends to one room come in seq order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "chat/types.hpp"

namespace chatterlink::chat {

struct appended {
    message stored;
    bool duplicate = false;  // this (room, username, client_id) was there already; `stored` is the first copy
};

/// Which messages of a room: the newest `limit` below `before`, or the oldest `limit` above `after`.
/// With both unset: the newest ones.
struct history_query {
    std::string room;
    std::optional<std::uint64_t> before;  // exclusive seq
    std::optional<std::uint64_t> after;   // exclusive seq; wins over before when both are set
    std::uint32_t limit = 50;
};

/// Messages in ascending seq. `more`: there are further ones in the direction asked for.
struct history_page {
    std::vector<message> messages;
    bool more = false;
    std::uint64_t last_seq = 0;  // of the room; 0 for an empty or unknown room
};

class store {
  public:
    /// Called once with what came of it, which is the callee's to take.
    template <class T>
    using done = std::function<void(base::result<T>&&)>;

    virtual ~store() = default;

    /// Keeps a message and gives it id, seq and timestamp. Success means kept: for a durable store,
    /// committed. A draft whose client_id that user already used in that room is not kept again (see
    /// appended::duplicate). Errors: store_unavailable.
    virtual void append(draft what, done<appended> then) = 0;

    /// Errors: store_unavailable. An unknown room is an empty page.
    virtual void history(history_query which, done<history_page> then) = 0;

    /// Every room that has messages, by name.
    virtual void rooms(done<std::vector<room_info>> then) = 0;

    /// Remembers an upload under its name. Errors: store_unavailable.
    virtual void add_upload(upload what, done<upload> then) = 0;

    /// Errors: attachment_unknown when there is no upload of that name, store_unavailable.
    virtual void find_upload(std::string name, done<upload> then) = 0;

    /// Takes nothing new (calls end with shutting_down), finishes what was taken, then returns. Any thread;
    /// once.
    virtual void close() = 0;

    /// What it is and where, for people: "memory", "sqlite
    /// (/home/x/.local/share/chatterlink/chatterlink.db)".
    virtual std::string description() const = 0;

    /// False while it cannot take messages (for /readyz).
    virtual bool healthy() const noexcept = 0;
};

}  // namespace chatterlink::chat
