// A client of a bare WebSocket server: /?room=NAME is the membership, a text frame is a message to the room.
#pragma once

#include "load/connection.hpp"
#include "load/session.hpp"
#include "load/websocket_stream.hpp"

namespace chatterlink::load {

class websocket_session final : public session, private connection_owner {
  public:
    websocket_session(surroundings& around, std::uint32_t number);

    void start() override;
    void say(std::string_view text, std::uint32_t seq) override;
    void flush() override;
    void close() noexcept override;

  private:
    void on_connected(connection& c) override;
    std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) override;
    void on_closed(connection& c, const std::string& why) override;

    connection connection_;
    websocket_stream stream_;
};

/// `text` as a value in a query.
std::string url_encoded(std::string_view text);

}  // namespace chatterlink::load
