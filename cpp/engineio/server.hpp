// Engine.IO v4 over HTTP: handshakes, requests to existing sessions, who lives on which shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engineio/client.hpp"

namespace chatterlink::engineio {

/// The errors of the protocol's JSON bodies, `{"code":…,"message":…}`.
enum class protocol_error : int {
    unknown_transport = 0,
    unknown_sid = 1,
    bad_handshake_method = 2,
    bad_request = 3,
    forbidden = 4,
    unsupported_version = 5,
};

/// Which browser pages may connect. A request without Origin (not from a browser) always may.
struct origin_policy {
    bool same_origin = true;             // the page's own host, as the request's Host says
    std::vector<std::string> allowed{};  // exact origins ("https://chat.example"), answered with CORS headers

    bool allows(std::string_view origin, std::string_view host) const;
    bool is_listed(std::string_view origin) const;
};

/// Called on the new client's shard. Returns who handles it (never null).
using open_handler = std::function<std::unique_ptr<client_handler>(client&, const net::exchange&)>;

class server final : public net::http_handler {
  public:
    server(net::reactor& threads, settings how, origin_policy origins, open_handler on_open);
    ~server() override;

    std::uint64_t body_limit(const net::exchange& e) override;
    void handle(net::exchange_ptr e) override;

    /// Ends every session of the current shard (server_close).
    void close_all();

    const settings& configuration() const noexcept { return how_; }

  private:
    struct per_shard {
        std::unordered_map<std::string, std::shared_ptr<client>> clients;
    };

    void handshake(net::exchange_ptr e, transport t);
    void continue_session(net::exchange_ptr e, transport t, const std::string& sid);
    void answer_preflight(net::exchange& e);
    void refuse(net::exchange& e, protocol_error why);
    std::string make_sid(base::shard_id where) const;
    static base::shard_id shard_of(std::string_view sid) noexcept;

    net::reactor& threads_;
    const settings how_;
    const origin_policy origins_;
    const net::websocket_limits limits_;
    open_handler on_open_;
    std::vector<per_shard> shards_;  // each touched by its own shard only
};

}  // namespace chatterlink::engineio
