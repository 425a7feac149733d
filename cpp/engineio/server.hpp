// Engine.IO v4 over HTTP: handshakes, requests to existing sessions, who lives on which shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/named_set.hpp"
#include "engineio/client.hpp"
#include "engineio/departed.hpp"
#include "engineio/origin.hpp"

namespace chatterlink::engineio {

/// Called on the new client's shard, before anything is answered: lets it in, keeps it out, or decides later.
/// The client may be sent to already: that waits behind the handshake.
using open_handler = std::function<decision(client&, const net::exchange&)>;

class server final : public net::http_handler {
  public:
    /// Throws base::failure (config_invalid) for a cookie that cannot be one.
    server(net::reactor& threads, settings how, origin_policy origins, open_handler on_open);
    ~server() override;

    std::uint64_t body_limit(const net::exchange& e) override;
    std::unique_ptr<net::body_watch> body_expected(const net::exchange& e) override;
    void handle(net::exchange_ptr e) override;

    /// Calls `what` on the session's shard with it, or with null when there is none (never was, is over, or
    /// waits for admission). Any thread.
    void visit(const std::string& sid, std::function<void(client*)> what);

    /// Ends every session of the current shard (server_close) without waiting for anybody.
    void close_all();

    /// Sessions of the current shard, those that wait for admission too.
    std::size_t sessions() const { return shards_[threads_.current()].clients.size(); }

    const settings& configuration() const noexcept { return how_; }

  private:
    class post_watch;
    struct per_shard {
        base::named_set<client, &client::sid> clients;
        departed left;
        base::steady_time told_full{};  // when the log was last told that there are max_sessions
    };

    bool page_may(const net::exchange& e) const;
    client* find(base::shard_id here, const std::string& sid) const;
    void handshake(net::exchange_ptr e, transport t);
    void continue_session(net::exchange_ptr e, transport t, const std::string& sid);
    void refuse_full(net::exchange& e);
    void forget(client& gone);
    static bool answer_departed(departed& left, net::exchange& e, transport t, const std::string& sid);
    static void refuse(net::exchange& e, protocol_error why);

    net::reactor& threads_;
    const settings how_;
    const origin_policy origins_;
    const net::websocket_limits limits_;
    const client::common common_;
    open_handler on_open_;
    std::vector<per_shard> shards_;  // each touched by its own shard only
};

}  // namespace chatterlink::engineio
