// A Socket.IO client whose transport is a WebSocket from the beginning.
#pragma once

#include "load/connection.hpp"
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
    void send_packet(std::string_view packet) override;
    void on_connected(connection& c) override;
    std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) override;
    void on_closed(connection& c, const std::string& why) override;

    connection connection_;
    websocket_stream stream_;
};

}  // namespace chatterlink::load
