// A Socket.IO client over long polling (Engine.IO v4): one connection for the poll that the server holds, one
// for what the client sends. Never two requests of a kind at a time, which the protocol forbids.
#pragma once

#include <string>

#include "load/http_exchange.hpp"
#include "load/socketio_client.hpp"

namespace chatterlink::load {

class polling_session final : public socketio_client {
  public:
    polling_session(surroundings& around, std::uint32_t number);

    void start() override;
    void flush() override;
    void close() noexcept override;

  private:
    void send_packet(std::string_view packet) override;
    void on_poll(std::string_view payload, nanoseconds now);
    void on_handshake(std::string_view packet);
    void poll_again();
    void send_waiting();

    http_exchange polls_;
    http_exchange posts_;
    std::string target_;   // with the session's id, once there is one
    std::string waiting_;  // packets for the next POST
    bool open_ = false;
};

}  // namespace chatterlink::load
