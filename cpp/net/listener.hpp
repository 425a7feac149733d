// Accepts connections on one address and deals them out to the shards in turn.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/connection.hpp"

namespace chatterlink::net {

/// Runs on shard 0. When the process is out of descriptors it waits (100 ms) instead of spinning and goes on
/// by itself.
class listener : public std::enable_shared_from_this<listener> {
  public:
    /// Called on the new connection's shard.
    using accepted = std::function<void(std::shared_ptr<connection>)>;

    /// Binds and listens; connections are accepted after start(). `host` is a name or an address, port 0 lets
    /// the system choose. Errors: config_invalid (an empty host), address_in_use, io_failed (unknown host, no
    /// permission), with a sentence for people.
    static base::result<std::shared_ptr<listener>> open(reactor& threads, const std::string& host,
                                                        std::uint16_t port, const connection_limits& limits,
                                                        accepted on_accept);

    void start();
    /// Stops accepting and closes the port. On shard 0, or with the shards stopped.
    void stop();

    std::uint16_t port() const noexcept { return port_; }

    listener(reactor& threads, boost::asio::ip::tcp::acceptor acceptor, const connection_limits& limits,
             accepted on_accept);

  private:
    void accept_next();

    reactor& threads_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    const connection_limits& limits_;
    accepted on_accept_;
    std::uint16_t port_;
    base::shard_id next_shard_ = 0;
};

}  // namespace chatterlink::net
