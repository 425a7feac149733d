// What both servers share: the shards, an open port, an orderly end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/options.hpp"
#include "net/listener.hpp"
#include "net/reactor.hpp"

namespace chatterlink::apps {

/// How long stop() waits for connections to end by themselves once they were told.
inline constexpr base::milliseconds drain_time{4'000};

/// Threads for an option's value: 0 is one for each core, at most 8.
base::shard_id shard_count(unsigned threads);

/// Whether an address can be reached from this machine only.
bool is_loopback(const std::string& host);

/// Makes the process able to hold many connections: raises the soft limit of descriptors to the hard one; a
/// write to a closed connection is an error, not a signal.
void prepare_process();

/// Owns the shards and the listener.
class runtime {
  public:
    explicit runtime(unsigned threads, bool io_uring = true, const net::connection_limits& limits = {})
        : limits_(limits), threads_(shard_count(threads), io_uring) {}
    ~runtime();

    net::reactor& threads() noexcept { return threads_; }

    /// Binds, a name at each of its addresses. Throws base::failure: address_in_use, io_failed.
    void listen(const std::string& host, std::uint16_t port, net::listener::accepted on_accept);
    /// The same with everything that can be said about how to listen. `http`: what is spoken inside TLS.
    /// Throws also config_invalid (a key without a certificate, files that do not fit or hold something
    /// else).
    void listen(const std::string& host, std::uint16_t port, const listen_options& how, bool http,
                const net::listener::accepted& on_accept);

    /// Reads certificate and key again for the connections to come; true when there is TLS. Any thread.
    /// Throws base::failure as listen(); everything stays as it was then.
    bool reload_tls();
    bool secure() const noexcept { return tls_ != nullptr; }

    /// Starts the threads and accepting.
    void start();
    /// Stops accepting, calls `say_goodbye` on every shard, tells the connections and waits for them to end;
    /// calls `close_rest` on this thread (stores: what they complete still reaches the shards); ends the
    /// threads.
    void stop(const std::function<void()>& say_goodbye, const std::function<void()>& close_rest);

    /// Of the first address that has one.
    std::uint16_t port() const noexcept { return port_; }
    /// Every address that is listened on, with its port: "127.0.0.1:5000", "[::1]:5000". Not from a shard,
    /// and not while it stops.
    std::vector<std::string> addresses() const;

  private:
    /// Runs on every shard and waits; false if that took longer than the time.
    bool on_every_shard(const std::function<void(net::shard&)>& what, base::milliseconds patience);

    const net::connection_limits limits_;
    net::reactor threads_;
    std::shared_ptr<net::tls_context> tls_;  // null: plain
    std::vector<std::shared_ptr<net::listener>> listeners_;
    std::uint16_t port_ = 0;
    bool running_ = false;
};

}  // namespace chatterlink::apps
