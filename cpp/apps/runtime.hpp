// What both servers share: the shards, an open port, an orderly end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

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
    explicit runtime(unsigned threads) : threads_(shard_count(threads)) {}
    ~runtime();

    net::reactor& threads() noexcept { return threads_; }

    /// Binds. Throws base::failure: address_in_use, io_failed.
    void listen(const std::string& host, std::uint16_t port, net::listener::accepted on_accept);
    /// Starts the threads and accepting.
    void start();
    /// Stops accepting, calls `say_goodbye` on every shard, tells the connections and waits for them to end;
    /// calls `close_rest` on this thread (stores: what they complete still reaches the shards); ends the
    /// threads.
    void stop(const std::function<void()>& say_goodbye, const std::function<void()>& close_rest);

    std::uint16_t port() const noexcept { return listener_ ? listener_->port() : 0; }

  private:
    /// Runs on every shard and waits; false if that took longer than the time.
    bool on_every_shard(const std::function<void(net::shard&)>& what, base::milliseconds patience);

    const net::connection_limits limits_{};
    net::reactor threads_;
    std::shared_ptr<net::listener> listener_;
    bool running_ = false;
};

}  // namespace chatterlink::apps
