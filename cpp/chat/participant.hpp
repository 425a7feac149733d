// One connection as the rules see it: which rooms it is in under which name, how often it may do what.
// Made by a gateway; lives on the connection's shard.
#pragma once

#include <boost/container/flat_map.hpp>
#include <functional>
#include <memory>
#include <string>

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

    const participant_id id;
    const base::shard_id home;
    hub::subscriber& subscriber;  // outlives `gone`
    bool gone = false;            // the connection ended; answers that are still under way find nobody
    std::string token;            // proves to be the same person on another connection
    // By room name; nearly always one, never many (max_rooms_per_client). Iterators end with each change.
    boost::container::flat_map<std::string, membership, std::less<>> rooms;
    boost::container::flat_map<std::string, std::size_t, std::less<>> joining;  // joins under way

    token_bucket messages;
    token_bucket joins;
    token_bucket typing;
    token_bucket queries;
};

using participant_ptr = std::shared_ptr<participant>;

}  // namespace chatterlink::chat
