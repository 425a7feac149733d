// Socket.IO v5: namespaces, sockets, events with acknowledgements, on top of engineio::server.
//
// A socket lives on the shard of its Engine.IO session; everything about it happens there. Rooms are topics
// of the hub: a socket is a subscriber, so a broadcast is one frame for all members.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engineio/server.hpp"
#include "hub/hub.hpp"
#include "socketio/packet.hpp"
#include "socketio/session.hpp"

namespace chatterlink::socketio {

class socket;

/// What the connecting client brought along; valid during the connect handler only.
struct handshake {
    const json& auth;           // the CONNECT packet's data, an object or null
    const std::string& remote;  // address as text, without port
};

/// Answers an event that asked for it. Call at most once, on the socket's shard; calls after the socket ended
/// do nothing. Empty (false) when the client wanted no answer.
class ack {
  public:
    ack() = default;
    ack(std::weak_ptr<socket> who, std::uint64_t id) : who_(std::move(who)), id_(id), wanted_(true) {}
    explicit operator bool() const noexcept { return wanted_; }
    /// `arguments`: a JSON array.
    void operator()(json arguments) const;

  private:
    std::weak_ptr<socket> who_;
    std::uint64_t id_ = 0;
    bool wanted_ = false;
};

/// Called on the socket's shard.
class socket_handler {
  public:
    virtual ~socket_handler() = default;
    /// `arguments`: a JSON array, without the name.
    virtual void on_event(const std::string& name, json arguments, ack answer) = 0;
    /// Once, last.
    virtual void on_disconnect(engineio::close_reason why) = 0;
};

/// Accepts a client into a namespace, or refuses with {message[, data]}.
using connect_handler = std::function<boost::system::result<std::unique_ptr<socket_handler>, json>(
    std::shared_ptr<socket>, const handshake&)>;

class connection;

/// One client in one namespace.
class socket final : public hub::subscriber, public std::enable_shared_from_this<socket> {
  public:
    socket(connection& owner, std::string id, std::string nsp);

    const std::string& id() const noexcept { return id_; }
    const std::string& nsp() const noexcept { return nsp_; }
    bool connected() const noexcept { return owner_ != nullptr; }

    /// `arguments`: a JSON array behind the event's name.
    void emit(std::string_view event, json arguments);
    void send(packet p);

    /// Ends this socket (a DISCONNECT packet), not the connection's other namespaces.
    void disconnect();

    void deliver(const hub::frame& f) override;

  private:
    friend class connection;
    connection* owner_;  // null once disconnected
    std::string id_;
    std::string nsp_;
    std::unique_ptr<socket_handler> handler_;
};

/// A frame with an event for the namespace `nsp`, to publish to its rooms.
base::buffer_ptr encode_event_frame(std::string_view nsp, std::string_view event, const json& argument);

class server final : public net::http_handler {
  public:
    server(net::reactor& threads, engineio::settings lower, engineio::origin_policy origins,
           settings how = {});

    /// Before the first connection. `name` begins with '/'.
    void on_connect(std::string name, connect_handler handler);

    std::uint64_t body_limit(const net::exchange& e) override { return engine_.body_limit(e); }
    std::unique_ptr<net::body_watch> body_expected(const net::exchange& e) override {
        return engine_.body_expected(e);
    }
    void handle(net::exchange_ptr e) override { engine_.handle(std::move(e)); }

    /// Ends every connection of the current shard.
    void close_all() { engine_.close_all(); }

    const connect_handler* find(const std::string& nsp) const;
    const settings& configuration() const noexcept { return how_; }

  private:
    const settings how_;
    std::unordered_map<std::string, connect_handler> namespaces_;
    engineio::server engine_;
};

}  // namespace chatterlink::socketio
