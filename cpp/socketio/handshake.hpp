// Letting a client into a namespace: what it brought along, the middleware it passes, who decides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/shards.hpp"
#include "engineio/session.hpp"
#include "socketio/ack.hpp"

namespace chatterlink::net {
struct request_info;
}

namespace chatterlink::socketio {

class socket;
using socket_ptr = std::shared_ptr<socket>;

/// What the connecting client brought along. A handler that keeps any of it copies it.
struct handshake {
    const json& auth;           // the CONNECT packet's data, an object or null
    const std::string& remote;  // address as text, without port
    /// The request that opened the Engine.IO session: header fields, query, addresses. Null after the first
    /// namespace's connect when settings::keep_request is off.
    std::shared_ptr<const net::request_info> request{};
    bool recovered = false;  // the socket goes on where it was: same id, rooms and data
};

/// Hears what happens to one socket. Called on the socket's shard.
class socket_handler {
  public:
    virtual ~socket_handler() = default;
    /// `arguments`: a JSON array, without the name.
    virtual void on_event(const std::string& name, json arguments, ack answer) = 0;
    /// Once, last; also when the client left before its accepted connect was told to it.
    virtual void on_disconnect(engineio::close_reason why) = 0;
};

/// Decides a connect: accept or refuse, once (the first call counts), now or later, on any thread. When the
/// last copy goes undecided the client is refused. Until then the client has no answer; what is sent to the
/// socket meanwhile is kept and follows the answer. The server outlives every use of it.
class connect_decision {
  public:
    connect_decision(base::shards& threads, base::shard_id home, std::weak_ptr<socket> who);
    /// `handler` (never null) hears of the socket from now on.
    void accept(std::unique_ptr<socket_handler> handler) const;
    /// `data`: an object {message[, data]}, the CONNECT_ERROR packet's payload.
    void refuse(json data) const;

  private:
    struct state;
    std::shared_ptr<state> state_;
};

/// Lets a client into a namespace, or refuses with {message[, data]}. Called on the socket's shard; an
/// exception refuses.
using connect_handler =
    std::function<boost::system::result<std::unique_ptr<socket_handler>, json>(socket_ptr, const handshake&)>;

/// The same, deciding when it likes.
using async_connect_handler = std::function<void(socket_ptr, const handshake&, connect_decision)>;

/// Goes on to the next middleware (nullopt) or refuses the client with {message[, data]}. Once, any thread.
using next_step = std::function<void(std::optional<json> refusal)>;

/// Stands before a namespace's connect handler. Called on the socket's shard, in the order they were added;
/// an exception refuses.
using middleware = std::function<void(socket_ptr, const handshake&, next_step)>;

/// Whether a namespace of that name exists for this client (dynamic namespaces). Called on any shard.
using namespace_predicate = std::function<bool(const std::string& name, const json& auth)>;

/// Names that match the whole expression (ECMAScript). Throws std::regex_error.
namespace_predicate namespaces_like(const std::string& expression);

}  // namespace chatterlink::socketio
