// The C++ half of chatterlink.socketio.Server: the Socket.IO server on an engine host, whose events go to
// Python's pool through the dispatcher. python/chatterlink/socketio/server.py is the other half.
//
// The pool's callable gets (python side: Server._handle):
//   ("connect", nsp, sid, environ, auth, recovered, decision)   decision.accept() / .refuse(data), once
//   ("event", nsp, sid, name, arguments, answer)                answer: callable once, or None
//   ("disconnect", nsp, sid, reason)                            last of an accepted sid
//   ("answer", callback, arguments)                             each answer to an emit with a callback
//   ("done", callback)                                          no more answers will come
// The first three of one sid begin in order; answers of one lane (see emit) too, apart from those.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "apps/engine_host.hpp"
#include "bindings/events.hpp"
#include "socketio/server.hpp"

namespace chatterlink::bindings {

struct socketio_options {
    apps::host_options host{};
    engineio::settings engine{};
    engineio::origin_policy origins{};
    socketio::settings protocol{};
    std::string path = "/socket.io/";  // begins and ends with '/'
    bool strict_order = false;         // events of one client one at a time, however long they take
};

/// The namespaces that exist. Asked on shards, changed by Python: any thread.
class namespace_list {
  public:
    void add(std::string name);
    void accept_all() noexcept { all_ = true; }
    bool has(const std::string& name) const;

  private:
    mutable std::mutex lock_;
    std::unordered_set<std::string> names_;
    std::atomic<bool> all_{false};
};

/// Waiting for one client's answer.
class pending_call {
  public:
    using result = std::pair<socketio::ack_outcome, socketio::json>;

    void finish(socketio::ack_outcome how, socketio::json arguments);
    /// Nullopt: not yet.
    std::optional<result> wait(std::chrono::milliseconds patience);

  private:
    std::mutex lock_;
    std::condition_variable done_;
    std::optional<result> result_;
};
using pending_call_ptr = std::shared_ptr<pending_call>;

/// Everything that lives from start() to stop(). Shared: an answer that a handler still holds keeps it.
struct socketio_layers : std::enable_shared_from_this<socketio_layers> {
    socketio_layers(const socketio_options& o, dispatcher_ptr d, std::shared_ptr<const namespace_list> names);

    apps::engine_host host;
    const dispatcher_ptr dispatch;
    const bool strict_order;
    std::atomic<std::uint64_t> closed_full{
        0};  // clients closed because their events were not handled in time
    const std::uint64_t slow_before{net::counters().closed_slow};  // by the process, before this run
    socketio::server server;
};
using socketio_layers_ptr = std::shared_ptr<socketio_layers>;

/// Members may be called from any thread; those that block say so.
class socketio_core {
  public:
    explicit socketio_core(socketio_options options) : options_(std::move(options)) {}
    ~socketio_core();  // stops; blocks

    /// Blocks shortly. `d`: where the events of this run go. Throws base::failure.
    void start(dispatcher_ptr d);
    /// Closes everything; blocks, for at most about 5 s. After it the dispatcher gets nothing more.
    void stop();

    std::uint16_t port() const;
    /// See apps::engine_host; false when it does not run.
    bool reload_tls() const;
    void accept_namespace(std::string name) { names_->add(std::move(name)); }
    void accept_every_namespace() { names_->accept_all(); }
    std::uint64_t closed_full() const;
    std::uint64_t closed_slow() const;

    /// What is running, or null: then there is nobody to send to.
    socketio_layers_ptr running() const;

    /// `callback` names who hears the answers ("answer", "done"); they go through `answers` one after the
    /// other.
    void emit(socketio::target to, const std::string& event, socketio::json arguments,
              std::optional<std::uint64_t> callback, const dispatcher::lane_ptr& answers);
    /// The first answer of those it goes to.
    pending_call_ptr call(const socketio::target& to, const std::string& event, socketio::json arguments,
                          std::chrono::milliseconds timeout);
    /// "polling", "websocket", or nothing when there is no such client. Blocks until its shard has answered.
    std::optional<std::string> transport(const std::string& nsp, const std::string& sid);
    /// The rooms of a client as the shard knows them; blocks like transport().
    std::vector<std::string> rooms(const std::string& nsp, const std::string& sid);

  private:
    const socketio_options options_;
    const std::shared_ptr<namespace_list> names_ = std::make_shared<namespace_list>();
    mutable std::mutex lock_;
    socketio_layers_ptr running_;
};

/// What a connect handler decides with; chatterlink._core.ConnectDecision.
class connect_answer {
  public:
    /// `who` is looked at on its shard only.
    connect_answer(socketio_layers_ptr home, socketio::connect_decision how, dispatcher::lane_ptr lane,
                   std::weak_ptr<socketio::socket> who, std::string nsp, std::string sid);
    void accept() const;
    void refuse(socketio::json data) const { decision_.refuse(std::move(data)); }

  private:
    const socketio_layers_ptr home_;  // outlives the decision
    const dispatcher::lane_ptr lane_;
    const std::weak_ptr<socketio::socket> who_;
    const std::string nsp_;
    const std::string sid_;
    const socketio::connect_decision decision_;
};

/// What an event is answered with; chatterlink._core.Answer.
class event_answer {
  public:
    event_answer(socketio_layers_ptr home, socketio::ack how)
        : home_(std::move(home)), ack_(std::move(how)) {}
    void send(socketio::json arguments) const { ack_(std::move(arguments)); }

  private:
    const socketio_layers_ptr home_;  // outlives the ack
    const socketio::ack ack_;
};

}  // namespace chatterlink::bindings
