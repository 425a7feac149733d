// One client in one namespace. Lives on the shard of its Engine.IO session: its members are called there and
// take effect at once. Everything that other threads want of a socket goes through socketio::server, by its
// id.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/session.hpp"
#include "hub/hub.hpp"
#include "socketio/ack.hpp"
#include "socketio/handshake.hpp"
#include "socketio/packet.hpp"

namespace chatterlink::engineio {
class client;
}

namespace chatterlink::socketio {

class connection;
class packet_history;
class server;
struct outgoing;
using outgoing_ptr = std::shared_ptr<const outgoing>;

struct emit_options {
    bool volatile_event = false;    // may be dropped for a reader that is behind, or away
    ack_callback on_ack{};          // asks for an answer
    base::milliseconds timeout{0};  // for it; 0: until the socket ends
};

class socket final : public hub::subscriber, public std::enable_shared_from_this<socket> {
  public:
    enum class state : std::uint8_t {
        deciding,   // its connect is not answered yet
        connected,  //
        parked,     // the connection broke; it may be recovered
        ended,
    };

    socket(server& owner, connection* lower, std::string id, std::string nsp);
    ~socket() override;

    /// 120 random bits in base64url, then its shard in four hexadecimal digits. A name, not a secret.
    const std::string& id() const noexcept { return id_; }
    const std::string& nsp() const noexcept { return nsp_; }
    bool connected() const noexcept { return state_ == state::connected; }
    state current() const noexcept { return state_; }
    /// Of its connection; polling once that is gone.
    engineio::transport transport() const noexcept;
    /// The Engine.IO session's id; empty once that is gone.
    std::string connection_id() const;

    /// Anything the application wants to keep with the socket; restored by recovery, told by server::fetch.
    json& data();

    /// `arguments`: a JSON array behind the event's name; binaries may stand anywhere in it.
    void emit(std::string_view event, json arguments, emit_options how = {});

    /// False when it is in too many rooms (settings::max_rooms) or over.
    bool join(const std::string& room);
    void leave(const std::string& room);
    /// Its own id first.
    std::vector<std::string> rooms() const;
    bool in(const std::string& room) const;

    /// Ends this socket (a DISCONNECT packet), not the connection's other namespaces; or the whole
    /// connection.
    void disconnect(bool close_connection = false);

    /// Reads nothing more from its client, in any namespace, until resume(): for a handler that cannot keep
    /// up. What was read but not delivered waits; the client is slowed down (TCP's back-pressure; a POST's
    /// answer waits). The end of the socket, and of its connection, ends the pause.
    void pause();
    void resume();

    /// A frame from a hub topic the application subscribed it to; not replayed by recovery.
    void deliver(const hub::frame& f) override;
    void expect(unsigned step) const noexcept override;

    // ---- For the rest of socketio/ ----

    /// The connect was decided. Nothing (but the handler's on_disconnect) when the client has left meanwhile.
    void accept(std::unique_ptr<socket_handler> handler);
    void refuse(const json& data);
    /// An encoded packet; `on_ack` hears the answer if the packet asks for one.
    void send(const outgoing_ptr& what, ack_callback on_ack = {}, base::milliseconds timeout = {});
    void on_event(packet p);
    void on_ack(std::uint64_t id, json arguments);
    /// Over for good.
    void finish(engineio::close_reason why);
    /// The process ends and nobody is told.
    void lost_connection() noexcept;
    connection* lower() const noexcept { return lower_; }

    // Connection state recovery (socket_recovery.cpp).

    /// From its connect on the socket can be recovered by who knows `pid`.
    void make_recoverable(std::string pid);
    /// Null when it cannot be recovered.
    const std::string* private_id() const noexcept;
    /// The connection broke: waits for the client to come back. False when it cannot be recovered; then it
    /// has to finish().
    bool park(engineio::close_reason why);
    /// The client is back: if its old connection is still believed in, that is over now.
    bool park_for_takeover();
    /// What a client that saw the packet of this offset last has missed; nullopt when it cannot go on.
    std::optional<std::vector<outgoing_ptr>> missed(std::optional<std::string_view> offset) const;
    /// On the same shard: goes on over another connection, with what it missed first.
    void revive(connection& lower, std::vector<outgoing_ptr> missed);
    /// Leaves for another shard with its history; over here.
    packet_history depart();
    /// Takes over the history of the socket it was on another shard. What was sent meanwhile follows.
    void arrive(packet_history history, std::vector<outgoing_ptr> missed, json data);

  private:
    struct details;  // what most sockets have nothing of: rooms, acks, kept packets
    details& more();
    void attach(connection& lower) noexcept;
    connection* detach() noexcept;
    void write(const outgoing_ptr& what);
    void keep_early(const outgoing_ptr& what);
    void await(std::uint64_t id, ack_callback then, base::milliseconds timeout);
    void say_goodbye(engineio::close_reason why);
    void forget_acks();
    void keep_for_recovery(const outgoing_ptr& what);
    void forget_recovery();

    // First what every delivery looks at. Both pointers are null once the connection is gone.
    engineio::client* client_ = nullptr;  // of lower_
    connection* lower_ = nullptr;
    state state_ = state::deciding;
    bool paused_ = false;                                        // counts in lower_; never without it
    engineio::transport was_on_ = engineio::transport::polling;  // when the connection went
    server& owner_;
    std::string id_;
    std::string nsp_;
    std::unique_ptr<socket_handler> handler_;
    std::unique_ptr<details> more_;
};

}  // namespace chatterlink::socketio
