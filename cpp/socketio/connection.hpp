// The Socket.IO side of one Engine.IO session: which namespaces it is connected to. Internal to socketio/.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "socketio/server.hpp"

namespace chatterlink::socketio {

class connection final : public engineio::client_handler {
  public:
    /// Namespaces one connection may be in at a time.
    static constexpr std::size_t max_namespaces = 64;

    connection(server& owner, engineio::client& lower, std::string remote);
    ~connection() override;

    void on_message(std::string_view data, bool binary) override;
    void on_close(engineio::close_reason why) override;

    void send(packet p);
    engineio::client& lower() noexcept { return lower_; }

    /// The socket is over; `why` reaches its handler.
    void remove(socket& s, engineio::close_reason why);

  private:
    void on_packet(packet p);
    void on_connect(packet p);
    void on_event(socket& s, packet p);
    void refuse(const std::string& nsp, json data);
    void start_timer();

    server& owner_;
    engineio::client& lower_;
    std::string remote_;
    session session_;
    net::timer clock_;
    std::unordered_map<std::string, std::shared_ptr<socket>> sockets_;  // by namespace
};

}  // namespace chatterlink::socketio
