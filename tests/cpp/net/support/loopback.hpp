// Shards and a listener on a free loopback port, for tests over real sockets.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "net/connection.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "net/reactor.hpp"
#include "net/support/raw_client.hpp"

namespace chatterlink::test {

/// True as soon as `what` is; looked at again and again, 10 s at the most.
template <class Condition>
bool eventually(Condition&& what) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!what()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

/// The first accepted connection lives on shard 0, the next on shard 1, and so on around.
class loopback {
  public:
    loopback(base::shard_id shards, std::function<void(std::shared_ptr<net::connection>)> serve,
             net::connection_limits limits = {}, net::listener::tls_ptr keys = nullptr)
        : threads(shards), limits_(limits), listener_(open(std::move(serve), std::move(keys))) {
        threads.start();
        listener_->start();
    }
    ~loopback() { stop(); }

    /// Ends the threads; what they served may go away afterwards.
    void stop() {
        threads.stop();
        if (listener_) listener_->stop();
        listener_.reset();
    }

    std::uint16_t port() const { return port_; }
    raw_client connect(int receive_buffer = 0) const { return raw_client(port_, receive_buffer); }

    /// Calls something on a shard's thread and waits for its result.
    template <class Call>
    auto on_shard(base::shard_id where, Call call) {
        std::packaged_task<std::invoke_result_t<Call>()> task(std::move(call));
        auto done = task.get_future();
        threads.post(where, [&task] { task(); });
        return done.get();
    }

    net::reactor threads;

  private:
    std::shared_ptr<net::listener> open(std::function<void(std::shared_ptr<net::connection>)> serve,
                                        net::listener::tls_ptr keys) {
        auto opened =
            net::listener::open(threads, "127.0.0.1", 0, limits_, std::move(serve), std::move(keys)).value();
        port_ = opened->port();
        return opened;
    }

    const net::connection_limits limits_;
    std::uint16_t port_ = 0;
    std::shared_ptr<net::listener> listener_;
};

/// HTTP on a loopback. The handler has to outlive it.
class http_loopback {
  public:
    explicit http_loopback(net::http_handler& handler, base::shard_id shards = 1,
                           net::http_limits limits = {}, net::connection_limits connections = {},
                           net::listener::tls_ptr keys = nullptr)
        : server_(handler, limits),
          loopback_(
              shards, [this](std::shared_ptr<net::connection> c) { server_.serve(std::move(c)); },
              connections, std::move(keys)) {}

    loopback* operator->() { return &loopback_; }
    raw_client connect(int receive_buffer = 0) const { return loopback_.connect(receive_buffer); }

  private:
    net::http_server server_;
    loopback loopback_;
};

}  // namespace chatterlink::test
