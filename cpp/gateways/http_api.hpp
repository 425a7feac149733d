// What the page asks for over plain HTTP: uploads, its limits, and the health of the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/shards.hpp"
#include "chat/rate_limiter.hpp"
#include "chat/service.hpp"
#include "engineio/server.hpp"
#include "gateways/arriving_uploads.hpp"
#include "gateways/upload_store.hpp"
#include "net/http.hpp"

namespace chatterlink::gateways {

/// POST /upload, GET /uploads/<name>
class upload_api final : public net::http_handler {
  public:
    /// Everything given outlives the handler. `max_upload`: bytes of one file.
    upload_api(base::shards& threads, upload_store& files, chat::store& records, const chat::limits& bounds,
               engineio::origin_policy origins, std::uint64_t max_upload);

    /// None for whoever may not upload, or not now: too_large() says why.
    std::uint64_t body_limit(const net::exchange& e) override;
    base::error too_large(const net::exchange& e, std::uint64_t limit) override;
    std::unique_ptr<net::body_watch> body_expected(const net::exchange& e) override;
    void handle(net::exchange_ptr e) override;

  private:
    bool from_own_page(const net::exchange& e) const;
    bool has_room(const net::exchange& e) const;
    std::uint64_t announced(const net::exchange& e) const;
    void take(net::exchange_ptr e);
    void serve(net::exchange_ptr e);

    base::shards& threads_;
    upload_store& files_;
    chat::store& records_;
    const engineio::origin_policy origins_;
    const std::uint64_t max_upload_;
    const bool rate_limited_;
    chat::keyed_rate_limiter by_address_;
    arriving_uploads arriving_;
};

/// GET /healthz (alive), /readyz (takes messages), /config.json (the limits the page keeps to)
class status_api final : public net::http_handler {
  public:
    status_api(chat::store& kept, const chat::limits& bounds, std::uint64_t max_upload, std::string version);

    std::uint64_t body_limit(const net::exchange&) override { return 0; }
    void handle(net::exchange_ptr e) override;

  private:
    chat::store& store_;
    const std::string config_;
};

}  // namespace chatterlink::gateways
