// Begins TLS on an accepted connection, before whoever speaks the protocol inside gets it.
#pragma once

#include <functional>
#include <memory>

#include "net/connection.hpp"
#include "net/tls_context.hpp"

namespace chatterlink::net {

/// Does the handshake and then calls `ready`, on the connection's shard, with nothing read or queued. A peer
/// that fails it, or takes longer than connection_limits::tls_handshake, is gone without `ready` being
/// called.
void start_tls(std::shared_ptr<connection> c, const tls_context& keys,
               std::function<void(std::shared_ptr<connection>)> ready);

}  // namespace chatterlink::net
