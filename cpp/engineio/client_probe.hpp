// The WebSocket that wants to take over from polling. Internal to engineio/.
#pragma once

#include "engineio/client.hpp"

namespace chatterlink::engineio {

// Owned by the client it belongs to.
class client::probe final : public net::websocket::listener {
  public:
    probe(client& owner, net::exchange& request) : owner_(owner) {
        socket = net::websocket::accept(request, *this, owner.common_.limits);
    }
    ~probe() override { end(); }
    /// From here on its owner hears nothing of it.
    void end() {
        if (!socket) return;
        socket->detach();
        if (opened_) {
            socket->close(net::close_code::normal);
        } else {
            socket->abort();
        }
        socket.reset();
    }
    void websocket_opened() override { opened_ = true; }
    void websocket_message(std::string_view payload, bool binary) override {
        owner_.on_probe_message(payload, binary);
    }
    void websocket_closed(std::uint16_t) override { owner_.on_probe_gone(); }

    std::shared_ptr<net::websocket> socket;

  private:
    client& owner_;
    bool opened_ = false;
};

}  // namespace chatterlink::engineio
