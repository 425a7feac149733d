// Accepts connections at one address (TCP or a Unix socket) and deals them out to the shards in turn.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/connection.hpp"
#include "net/tls_context.hpp"

namespace chatterlink::net {

/// How many connections may wait in the kernel to be accepted; it takes no more than net.core.somaxconn.
inline constexpr int listen_backlog = 4096;

/// Runs on shard 0. When the process is out of descriptors it waits (100 ms) instead of spinning and goes on
/// by itself; who wants in waits in the kernel's queue meanwhile.
class listener : public std::enable_shared_from_this<listener> {
  public:
    /// Called on the new connection's shard, after its TLS handshake if there is one.
    using accepted = std::function<void(std::shared_ptr<connection>)>;
    using tls_ptr = std::shared_ptr<const tls_context>;

    /// Binds and listens; connections are accepted after start(). `host` is an address or a name, of whose
    /// addresses the first is taken; "::" takes IPv4 too; port 0 lets the system choose. `keys`: null for
    /// plain connections. Errors: config_invalid (an empty host), address_in_use, io_failed (unknown host, no
    /// permission), with a sentence for people.
    static base::result<std::shared_ptr<listener>> open(reactor& threads, const std::string& host,
                                                        std::uint16_t port, const connection_limits& limits,
                                                        accepted on_accept, tls_ptr keys = nullptr);

    /// open() at each address that `host` has (localhost: often ::1 and 127.0.0.1), all at the same port,
    /// also when the system chooses it. Errors: as open(); none is bound then.
    static base::result<std::vector<std::shared_ptr<listener>>> open_all(
        reactor& threads, const std::string& host, std::uint16_t port, const connection_limits& limits,
        const accepted& on_accept, const tls_ptr& keys = nullptr);
    /// The same with the addresses given. One that this machine does not have (its family is switched off)
    /// is left out, with a line in the log, as long as another one serves.
    static base::result<std::vector<std::shared_ptr<listener>>> open_each(
        reactor& threads, const std::vector<std::string>& addresses, std::uint16_t port,
        const connection_limits& limits, const accepted& on_accept, const tls_ptr& keys = nullptr);

    /// A Unix socket; its owner and group may connect (mode 660). A socket file that nobody listens at any
    /// more is replaced; the file is removed by stop(). Errors: config_invalid (the path is too long),
    /// address_in_use (somebody listens there), io_failed (there is a file of another kind, no permission).
    static base::result<std::shared_ptr<listener>> open_unix(reactor& threads,
                                                             const std::filesystem::path& path,
                                                             const connection_limits& limits,
                                                             accepted on_accept, tls_ptr keys = nullptr);

    /// A socket that somebody else has made to listen, for example systemd; taken over. Errors:
    /// config_invalid (it is no listening stream socket).
    static base::result<std::shared_ptr<listener>> adopt(reactor& threads, int descriptor,
                                                         const connection_limits& limits, accepted on_accept,
                                                         tls_ptr keys = nullptr);

    void start();
    /// Stops accepting and closes the port. On shard 0, or with the shards stopped.
    void stop();

    /// 0 for a Unix socket.
    std::uint16_t port() const noexcept { return port_; }
    /// "127.0.0.1:5000", "[::1]:5000"; empty for a Unix socket.
    std::string where() const;

    using protocol = boost::asio::generic::stream_protocol;
    using acceptor = boost::asio::basic_socket_acceptor<protocol, boost::asio::io_context::executor_type>;
    listener(reactor& threads, acceptor a, const connection_limits& limits, accepted on_accept, tls_ptr keys);

  private:
    static constexpr int accepts_per_round = 32;  // then its shard goes on with those that are here

    void wait();
    void accept_some();
    void take(shard& home, base::descriptor socket);
    void serve(shard& home, base::descriptor socket);
    void pause(const boost::system::error_code& why);

    // The socket's file: which one it is, so that stop() does not remove a successor's.
    struct socket_file {
        std::filesystem::path path{};
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
    };
    void note_file(const std::filesystem::path& path);
    void remove_file() noexcept;

    reactor& threads_;
    acceptor acceptor_;
    boost::asio::steady_timer pause_;
    const connection_limits& limits_;
    accepted on_accept_;
    tls_ptr keys_;
    socket_file file_;
    std::uint16_t port_ = 0;
    base::steady_time told_{};  // when the log heard last that accepting has to wait
    base::shard_id next_shard_ = 0;
};

}  // namespace chatterlink::net
