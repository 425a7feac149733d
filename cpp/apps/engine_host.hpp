// What carries an engine that is used by itself: threads, one open port, HTTP by path. The composition under
// chatterlink.socketio.Server and chatterlink.engineio.Server.
//
//   engine_host host({.port = 0});                                  // the shards exist, no thread runs
//   engineio::server engine(host.threads(), ...);                   // handlers are built on the shards
//   host.serve("/engine.io/", engine);
//   host.start();
//   ...
//   host.stop([&] { engine.close_all(); });                         // before the handlers are destroyed
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "apps/runtime.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"

namespace chatterlink::apps {

struct host_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 5000;       // 0: the system chooses one; engine_host::port() tells
    unsigned threads = 0;            // shards; 0: one for each core, at most 8
    std::string log_level = "info";  // of the C++ side, on standard error
    net::connection_limits limits{};
    listen_options listen{};  // TLS; a Unix socket instead of host and port
};

/// Used once: a host that was stopped is not started again. Not from a shard.
class engine_host {
  public:
    /// Prepares the process (log, random numbers, limits). Throws base::failure: config_invalid (log level).
    explicit engine_host(host_options options);
    ~engine_host();  // stops

    net::reactor& threads() noexcept { return run_.threads(); }

    /// Requests to a path (see net::router::add) go to a handler, which outlives stop(). Before start().
    void serve(std::string path, net::http_handler& handler) { router_.add(std::move(path), handler); }
    /// Requests to any other path; 404 without it. Before start().
    void otherwise(net::http_handler& handler) { router_.otherwise(handler); }

    /// Binds and starts; returns once connections are accepted. Throws base::failure: address_in_use,
    /// io_failed (unknown host, no permission, a file of TLS that cannot be read), config_invalid (empty
    /// host, certificate and key that hold something else or do not fit, a socket path that is too long).
    void start();

    /// Reads certificate and key again for the connections to come; true when there is TLS. Any thread, after
    /// start(). Throws as start(); everything stays as it was then.
    bool reload_tls() { return run_.reload_tls(); }

    /// Stops accepting, calls `say_goodbye` on every shard (close what the handlers hold), waits for the
    /// connections to end by themselves (drain_time), ends the threads. Not running: nothing happens.
    void stop(const std::function<void()>& say_goodbye);

    bool running() const noexcept { return running_; }
    /// The bound port; the configured one before start(). 0 for a Unix socket.
    std::uint16_t port() const noexcept { return running_ ? run_.port() : options_.port; }
    const host_options& options() const noexcept { return options_; }

  private:
    // Where no handler was added for.
    class nothing_here final : public net::http_handler {
      public:
        std::uint64_t body_limit(const net::exchange&) override { return 0; }
        void handle(net::exchange_ptr e) override;
    };

    const host_options options_;
    nothing_here nothing_here_;
    net::router router_;
    runtime run_;
    net::http_server http_;
    bool running_ = false;
};

}  // namespace chatterlink::apps
