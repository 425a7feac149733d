// A socket on its way from the shard where it is parked to the one its client came back on. Internal to
// socketio/.
//
// So that nothing is lost and nothing doubled: first the new shard subscribes to the rooms and keeps what
// comes, only then the old one stops and hands over its history. A broadcast reaches all shards in one order,
// so what both have is recognised.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "socketio/connection.hpp"

namespace chatterlink::socketio {

class move_in final : public std::enable_shared_from_this<move_in> {
  public:
    /// What the client asked for, to begin anew with if the state is gone.
    struct papers {
        std::string nsp;
        json auth;
        std::shared_ptr<const namespace_setup> setup;
    };

    move_in(server& owner, std::shared_ptr<connection*> client, papers asked, std::string pid,
            std::optional<std::string> offset);

    /// From the new shard: asks the old one.
    void start(base::shard_id from);

  private:
    struct found {
        std::string sid;
        std::vector<std::string> rooms;
    };
    struct taken;

    std::optional<found> look();
    void prepare(const found& what);
    std::shared_ptr<taken> take();
    void settle(const std::shared_ptr<taken>& what);
    void give_up();
    socket* parked_here() const;

    server& owner_;
    const std::shared_ptr<connection*> client_;  // the new shard's
    papers asked_;
    const std::string pid_;
    const std::optional<std::string> offset_;
    const base::shard_id to_;
    base::shard_id from_ = base::no_shard;
    socket_ptr arriving_;  // the new shard's
};

}  // namespace chatterlink::socketio
