// The web face: Socket.IO events of the wire contract (docs/protocol.md) to typed commands of chat::service,
// and the chat's events to Socket.IO frames.
#pragma once

#include "chat/events.hpp"
#include "chat/service.hpp"
#include "socketio/server.hpp"

namespace chatterlink::gateways {

/// Encodes what rooms are told for Socket.IO clients on "/".
class socketio_encoder final : public chat::event_encoder {
  public:
    void encode(const chat::event& what, hub::frame& into) const override;
};

/// Serves the chat on the namespace "/". The service outlives the server.
void serve_chat(socketio::server& server, chat::service& rules);

}  // namespace chatterlink::gateways
