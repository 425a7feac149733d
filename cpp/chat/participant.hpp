// One connection as the rules see it: which rooms it is in under which name, how often it may do what.
// Made by a gateway; lives on the connection's shard.
#pragma once

#include <boost/container/flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/shards.hpp"
#include "chat/limits.hpp"
#include "chat/room.hpp"
#include "hub/hub.hpp"

namespace chatterlink::chat {

class participant {
  public:
    participant(participant_id its_id, base::shard_id its_home, hub::subscriber& its_subscriber,
                const limits& bounds)
        : id(its_id),
          home(its_home),
          subscriber(its_subscriber),
          messages(bounds.rates.messages),
          joins(bounds.rates.joins),
          typing(bounds.rates.typing),
          queries(bounds.queries) {}

    struct membership {
        std::string username;
        std::unique_ptr<hub::subscription> subscription;
    };

    using joins_by_room = boost::container::flat_map<std::string, std::size_t, std::less<>>;

    bool joining(std::string_view room) const { return joins_under_way && joins_under_way->contains(room); }
    void join_begins(const std::string& room) {
        if (!joins_under_way) joins_under_way = std::make_unique<joins_by_room>();
        ++(*joins_under_way)[room];
    }
    void join_ended(std::string_view room) {
        const auto found = joins_under_way->find(room);
        if (--found->second == 0) joins_under_way->erase(found);
        if (joins_under_way->empty()) joins_under_way.reset();
    }

    const participant_id id;
    const base::shard_id home;
    bool gone = false;            // the connection ended; answers that are still under way find nobody
    hub::subscriber& subscriber;  // outlives `gone`
    base::buffer_ptr token;       // proves to be the same person on another connection; null before a join
    // By room name; nearly always one, never many (max_rooms_per_client). Iterators end with each change.
    boost::container::flat_map<std::string, membership, std::less<>> rooms;
    std::unique_ptr<joins_by_room> joins_under_way;  // how many into each room; null: none

    token_bucket messages;
    token_bucket joins;
    token_bucket typing;
    token_bucket queries;
};

using participant_ptr = std::shared_ptr<participant>;

}  // namespace chatterlink::chat
