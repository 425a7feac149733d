// A Socket.IO client whose transport is a WebSocket: from the beginning, or after a handshake by polling as
// browsers' clients do by default (Engine.IO v4, "Upgrade").
#pragma once

#include <memory>
#include <string>

#include "load/connection.hpp"
#include "load/http_exchange.hpp"
#include "load/socketio_client.hpp"
#include "load/websocket_stream.hpp"

namespace chatterlink::load {

class socketio_session final : public socketio_client, private connection_owner {
  public:
    socketio_session(surroundings& around, std::uint32_t number);

    void start() override;
    void flush() override;
    void close() noexcept override;

  private:
    void upgrade(std::string_view handshake);
    void send_packet(std::string_view packet) override;
    void on_connected(connection& c) override;
    std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) override;
    void on_closed(connection& c, const std::string& why) override;

    std::unique_ptr<http_exchange> handshake_;  // with --transport-upgrade yes only
    std::string target_;
    connection connection_;
    websocket_stream stream_;
};

}  // namespace chatterlink::load
