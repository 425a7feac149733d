// Socket.IO v5: namespaces, sockets, rooms, events with acknowledgements, on top of engineio::server.
//
// Threads: every member may be called on any thread. What one thread asks of the server takes effect, for
// each client, in the order asked: an emit to one socket does not overtake a broadcast before it, a room
// entered is a room the next broadcast reaches. Broadcasts to one namespace reach every socket in one order,
// whoever sends them. (A socket's own members act at once and may overtake what its shard was asked for
// before.)
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/server.hpp"
#include "hub/hub.hpp"
#include "socketio/ack.hpp"
#include "socketio/handshake.hpp"
#include "socketio/packet.hpp"
#include "socketio/settings.hpp"
#include "socketio/socket.hpp"
#include "socketio/target.hpp"

namespace chatterlink::socketio {

class registry;
class namespaces;

/// A socket as another thread may see it: a copy.
struct socket_info {
    std::string id;
    std::vector<std::string> rooms;  // its own id first
    json data;
};

/// A frame with an event for the namespace `nsp`, to publish to hub topics. `argument` is its only one, as
/// JSON.
base::buffer_ptr encode_event_frame(std::string_view nsp, std::string_view event, std::string_view argument);

class server final : public net::http_handler {
  public:
    server(net::reactor& threads, engineio::settings lower, engineio::origin_policy origins,
           settings how = {});
    ~server() override;

    // ---- Namespaces. An unknown one is refused with "Invalid namespace". ----

    /// `name` begins with '/'. A second handler for a name replaces the first.
    void on_connect(std::string name, connect_handler handler);
    void on_connect(std::string name, async_connect_handler handler);
    /// Every name that no fixed one has and the predicate accepts; the first predicate that does counts.
    void on_connect(namespace_predicate which, async_connect_handler handler,
                    std::vector<middleware> chain = {});
    /// Adds middleware to a fixed namespace.
    void use(const std::string& name, middleware m);

    // ---- Emitting. `arguments`: a JSON array behind the event's name, with binaries anywhere. ----

    void emit(const target& to, std::string_view event, json arguments);
    /// Every socket is asked for an answer.
    void emit(const target& to, std::string_view event, json arguments, broadcast_acks answers);
    /// To one socket. An unknown one: the callback hears `disconnected`.
    void emit_to(const std::string& nsp, const std::string& sid, std::string_view event, json arguments,
                 emit_options how = {});

    // ---- Rooms ----

    void enter_room(const std::string& nsp, const std::string& sid, const std::string& room);
    void leave_room(const std::string& nsp, const std::string& sid, const std::string& room);
    /// Everybody leaves it.
    void close_room(const std::string& nsp, const std::string& room);
    /// `then` is called once, on the socket's shard, with its own id and the rooms it is in; nullopt if there
    /// is no such socket.
    void rooms(const std::string& nsp, const std::string& sid,
               std::function<void(std::optional<std::vector<std::string>>)> then);
    void join_rooms(const target& who, std::vector<std::string> rooms);
    void leave_rooms(const target& who, std::vector<std::string> rooms);

    // ---- Sockets ----

    /// `then` is called once, on some shard, with the sockets there are.
    void fetch(const target& who, std::function<void(std::vector<socket_info>)> then);
    void disconnect(const std::string& nsp, const std::string& sid, bool close_connection = false);
    void disconnect(const target& who, bool close_connection = false);
    /// Calls `what` once on the socket's shard with the socket, or with null if there is none (it is
    /// connected, or its connect is being decided).
    void with_socket(const std::string& nsp, const std::string& sid, std::function<void(socket*)> what);

    // ---- HTTP ----

    std::uint64_t body_limit(const net::exchange& e) override { return engine_.body_limit(e); }
    std::unique_ptr<net::body_watch> body_expected(const net::exchange& e) override {
        return engine_.body_expected(e);
    }
    void handle(net::exchange_ptr e) override { engine_.handle(std::move(e)); }

    /// Ends every connection of the current shard, and what is kept for recovery there.
    void close_all();

    const settings& configuration() const noexcept { return how_; }
    base::shards& threads() noexcept { return threads_; }

  private:
    friend class connection;
    friend class move_in;
    friend class socket;
    struct audience;

    outgoing_ptr encode_event(const std::string& nsp, std::string_view event, json arguments,
                              bool volatile_event, bool wants_ack);
    std::unique_lock<std::mutex> keep_place(const std::string& nsp);
    void at(const std::string& nsp, const std::string& sid, std::function<void(socket*)> what);
    void at(base::shard_id where, const std::string& nsp, const std::string& sid,
            std::function<void(socket*)> what);
    void gather(const audience& who, std::vector<socket*>& into) const;
    std::vector<base::shard_id> shards_of(const audience& who);
    void visit(const target& who, const std::function<void(const std::vector<base::shard_id>&)>& plan,
               std::function<void(const std::vector<socket*>&)> what);
    std::optional<std::string> only_socket(const target& to);

    net::reactor& threads_;
    const settings how_;
    hub::hub rooms_;  // topics: namespace and room
    std::unique_ptr<namespaces> namespaces_;
    std::unique_ptr<registry> registry_;
    std::atomic<std::uint64_t> next_ack_{0};
    std::atomic<std::uint64_t> next_offset_{0};
    engineio::server engine_;
};

}  // namespace chatterlink::socketio
