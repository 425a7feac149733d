// HTTP on accepted connections.
#pragma once

#include <memory>

#include "net/connection.hpp"
#include "net/http.hpp"

namespace chatterlink::net {

/// The handler outlives the connections.
class http_server {
  public:
    explicit http_server(http_handler& handler, http_limits limits = {}, trusted_proxies proxies = {})
        : handler_(handler), limits_(limits), proxies_(std::move(proxies)) {}

    /// Serves a new connection, on its shard.
    void serve(std::shared_ptr<connection> c);

  private:
    http_handler& handler_;
    const http_limits limits_;
    const trusted_proxies proxies_;
};

}  // namespace chatterlink::net
