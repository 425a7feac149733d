// The Socket.IO side of one Engine.IO session: which namespaces it is connected to. Internal to socketio/.
#pragma once

#include <boost/container/flat_map.hpp>
#include <memory>
#include <string>

#include "socketio/admission.hpp"
#include "socketio/server.hpp"
#include "socketio/session.hpp"

namespace chatterlink::socketio {

struct outgoing;

class connection final : public engineio::client_handler {
  public:
    /// Namespaces one connection may be in at a time.
    static constexpr std::size_t max_namespaces = 64;

    connection(server& owner, engineio::client& lower, const net::exchange& request);
    ~connection() override;

    void on_message(std::string_view data, bool binary) override;
    void on_close(engineio::close_reason why) override;

    void send(const outgoing& what);
    void send(packet p);
    /// Of a client that sends against the protocol, or takes too little.
    void close(engineio::close_reason why) { lower_.close(why); }
    engineio::client& lower() noexcept { return lower_; }

    /// A socket of this connection was let in or refused.
    void accepted(const socket& s);
    void refused(const socket& s, const json& data);
    /// A socket of this connection is over.
    void forget(const socket& s) { sockets_.erase(s.nsp()); }

    /// A socket's handler cannot keep up, or can again: nothing more is read from the client while that is so
    /// for any of its sockets, since all come over one connection.
    void hold();
    void release();

    /// Its last socket goes on over another connection: nothing more will come here.
    void close_if_idle();

    /// A DISCONNECT packet to every namespace, then the end of the connection.
    void disconnect_all();

  private:
    friend class move_in;
    using setup_ptr = std::shared_ptr<const namespace_setup>;

    void on_packet(packet p);
    void on_connect(packet p);
    void refuse(const std::string& nsp, const json& data);
    void begin(const std::string& nsp, json auth, const setup_ptr& setup);
    void recover(const std::string& nsp, json auth, const setup_ptr& setup, std::string pid);
    void admit(const socket_ptr& s, json auth, const setup_ptr& setup, bool recovered);
    void start_timer();
    void on_time();
    const std::shared_ptr<connection*>& self();

    server& owner_;
    engineio::client& lower_;
    std::string remote_;
    std::shared_ptr<const net::request_info> request_;
    session session_;
    std::unique_ptr<net::timer> clock_;  // null: nothing is awaited
    std::uint32_t held_ = 0;             // sockets that are paused
    bool over_ = false;
    // By namespace, and nearly always one; null: it is on its way from another shard.
    boost::container::flat_map<std::string, socket_ptr> sockets_;
    // For who comes back from another shard: holds null once this is over. Null itself until asked for.
    std::shared_ptr<connection*> self_;
};

}  // namespace chatterlink::socketio
