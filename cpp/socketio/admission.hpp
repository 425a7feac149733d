// One client's way into one namespace: middleware after middleware, then the connect handler. Internal to
// socketio/.
#pragma once

#include <memory>
#include <string>

#include "socketio/handshake.hpp"
#include "socketio/namespaces.hpp"

namespace chatterlink::socketio {

/// Held by whoever decides next; touched on the socket's shard only.
class admission final : public std::enable_shared_from_this<admission> {
  public:
    /// What the client brought along, owned.
    struct papers {
        json auth;
        std::string remote;
        std::shared_ptr<const net::request_info> request;
        bool recovered;
    };

    admission(base::shards& threads, std::weak_ptr<socket> who, std::shared_ptr<const namespace_setup> setup,
              papers brought, bool skip_middlewares);

    /// Goes on with the next step; nothing when the client has left.
    void run();

  private:
    class turn;
    void step(const socket_ptr& s, const handshake& h);

    base::shards& threads_;
    const base::shard_id home_;
    const std::weak_ptr<socket> who_;
    const std::shared_ptr<const namespace_setup> setup_;
    const papers brought_;
    std::size_t next_;
};

}  // namespace chatterlink::socketio
