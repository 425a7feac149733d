// The C++ half of chatterlink.engineio.Server: an Engine.IO server on an engine host, whose events go to
// Python's pool through the dispatcher. python/chatterlink/engineio.py is the other half.
//
// The pool's callable gets (Server._handle):
//   ("connect", sid, environ, decision)   decision.accept() or .refuse(status, json), once
//   ("message", sid, data)                str or bytes
//   ("disconnect", sid, reason, transport)  last, unless the connect was refused
// Those of one sid begin in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "apps/engine_host.hpp"
#include "bindings/events.hpp"
#include "engineio/server.hpp"

namespace chatterlink::bindings {

struct engineio_options {
    apps::host_options host{};
    engineio::settings engine{};
    engineio::origin_policy origins{};
    bool strict_order = false;  // messages of one client one at a time, however long they take
};

/// Everything that lives from start() to stop(). Shared: a decision that a handler still holds keeps it.
struct engineio_layers : std::enable_shared_from_this<engineio_layers> {
    engineio_layers(const engineio_options& o, dispatcher_ptr d);

    /// What a client is on; nullopt when there is no such client. Any thread.
    std::optional<engineio::transport> transport_of(const std::string& sid) const;
    void note(const std::string& sid, engineio::transport now);
    void forget(const std::string& sid);

    apps::engine_host host;
    const dispatcher_ptr dispatch;
    const bool strict_order;
    std::atomic<std::uint64_t> closed_full{
        0};  // clients closed because their messages were not handled in time
    const std::uint64_t slow_before{net::counters().closed_slow};  // by the process, before this run

  private:
    engineio::decision admit(engineio::client& c, const net::exchange& request);

    mutable std::mutex lock_;                                          // held for moments only, by shards too
    std::unordered_map<std::string, engineio::transport> transports_;  // by sid

  public:
    engineio::server server;  // last: its clients' handlers use the rest
};
using engineio_layers_ptr = std::shared_ptr<engineio_layers>;

/// Members may be called from any thread; those that block say so.
class engineio_core {
  public:
    explicit engineio_core(engineio_options options) : options_(std::move(options)) {}
    ~engineio_core() { stop(); }
    engineio_core(const engineio_core&) = delete;
    engineio_core& operator=(const engineio_core&) = delete;

    /// Blocks shortly. `d`: where the events of this run go. Throws base::failure.
    void start(dispatcher_ptr d);
    /// Closes everything; blocks, for at most about 5 s. After it the dispatcher gets nothing more.
    void stop();

    std::uint16_t port() const;
    /// See apps::engine_host; false when it does not run.
    bool reload_tls() const;
    std::uint64_t closed_full() const;
    std::uint64_t closed_slow() const;

    /// False when there is no such client. What one thread sends to a client arrives in that order.
    bool send(const std::string& sid, std::string_view data, bool binary) const;
    /// What was sent before still goes out. False when there is no such client.
    bool disconnect(const std::string& sid) const;
    std::optional<engineio::transport> transport(const std::string& sid) const;

  private:
    engineio_layers_ptr running() const;

    const engineio_options options_;
    mutable std::mutex lock_;
    engineio_layers_ptr running_;
};

/// What a connect handler decides with; chatterlink._core.EngineDecision.
class engine_decision {
  public:
    engine_decision(engineio_layers_ptr home, engineio::admission how)
        : home_(std::move(home)), how_(std::move(how)) {}
    void accept() const { how_.accept(); }
    void refuse(unsigned status, std::string json) const { how_.refuse({status, std::move(json)}); }

  private:
    engineio_layers_ptr home_;  // outlives the decision
    engineio::admission how_;
};

}  // namespace chatterlink::bindings
