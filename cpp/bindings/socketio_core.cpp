#include "bindings/socketio_core.hpp"

#include <future>
#include <utility>

#include "base/log.hpp"
#include "bindings/environ.hpp"
#include "bindings/python_json.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using socketio::json;
using layers_ptr = socketio_layers_ptr;

// How long a question to a shard may take before it counts as unanswered (the server is being stopped).
constexpr std::chrono::seconds shard_patience{5};

class connect_job final : public python_job {
  public:
    connect_job(layers_ptr home, socketio::socket& s, const socketio::handshake& h,
                socketio::connect_decision decision, dispatcher::lane_ptr lane)
        : request_(h.request),
          auth_(h.auth),
          nsp_(s.nsp()),
          sid_(s.id()),
          recovered_(h.recovered),
          answer_(std::make_unique<connect_answer>(std::move(home), std::move(decision), std::move(lane),
                                                   s.weak_from_this(), nsp_, sid_)) {}

    py::tuple arguments() override {
        py::object environ = py::none();
        if (request_) environ = make_environ(*request_);
        return py::make_tuple("connect", nsp_, sid_, environ, python_of(auth_), recovered_,
                              std::move(answer_));
    }

  private:
    const std::shared_ptr<const net::request_info> request_;
    const json auth_;
    const std::string nsp_;
    const std::string sid_;
    const bool recovered_;
    std::unique_ptr<connect_answer> answer_;
};

class event_job final : public python_job {
  public:
    event_job(layers_ptr home, std::string nsp, std::string sid, std::string name, json arguments,
              socketio::ack ack)
        : nsp_(std::move(nsp)),
          sid_(std::move(sid)),
          name_(std::move(name)),
          arguments_(std::move(arguments)) {
        if (ack) answer_ = std::make_unique<event_answer>(std::move(home), std::move(ack));
    }

    py::tuple arguments() override {
        py::object answer = py::none();
        if (answer_) answer = py::cast(std::move(answer_));
        return py::make_tuple("event", nsp_, sid_, name_, tuple_of(arguments_), answer);
    }

  private:
    const std::string nsp_;
    const std::string sid_;
    const std::string name_;
    const json arguments_;
    std::unique_ptr<event_answer> answer_;
};

class disconnect_job final : public python_job {
  public:
    disconnect_job(std::string nsp, std::string sid, engineio::close_reason why, engineio::transport was_on)
        : nsp_(std::move(nsp)), sid_(std::move(sid)), why_(why), was_on_(was_on) {}

    py::tuple arguments() override {
        return py::make_tuple("disconnect", nsp_, sid_, std::string(engineio::close_reason_name(why_)),
                              std::string(engineio::transport_name(was_on_)));
    }

  private:
    const std::string nsp_;
    const std::string sid_;
    const engineio::close_reason why_;
    const engineio::transport was_on_;
};

class answer_job final : public python_job {
  public:
    answer_job(std::uint64_t callback, json arguments)
        : callback_(callback), arguments_(std::move(arguments)) {}
    py::tuple arguments() override { return py::make_tuple("answer", callback_, tuple_of(arguments_)); }

  private:
    const std::uint64_t callback_;
    const json arguments_;
};

class done_job final : public python_job {
  public:
    explicit done_job(std::uint64_t callback) : callback_(callback) {}
    py::tuple arguments() override { return py::make_tuple("done", callback_); }

  private:
    const std::uint64_t callback_;
};

// Passes on what happens to one socket. On its shard.
class socket_forwarder final : public socketio::socket_handler {
  public:
    socket_forwarder(socketio_layers& home, dispatcher::lane_ptr lane, std::weak_ptr<socketio::socket> who,
                     std::string nsp, std::string sid)
        : home_(home),
          lane_(std::move(lane)),
          who_(std::move(who)),
          nsp_(std::move(nsp)),
          sid_(std::move(sid)) {}

    void on_event(const std::string& name, json arguments, socketio::ack answer) override {
        if (closing_) return;
        const std::size_t bytes = name.size() + weight_of(arguments);
        auto event = std::make_unique<event_job>(home_.weak_from_this().lock(), nsp_, sid_, name,
                                                 std::move(arguments), std::move(answer));
        const auto outcome = home_.dispatch->post(lane_, std::move(event), bytes);
        if (outcome == post_outcome::high) {
            if (const auto s = who_.lock()) s->pause();  // the lane's relief resumes
        }
        if (outcome != post_outcome::full) return;
        closing_ = true;
        ++home_.closed_full;
        spdlog::warn("socket.io: client {} is closed: too many of its events wait for their handlers", sid_);
        home_.server.disconnect(nsp_, sid_, true);
    }

    void on_disconnect(engineio::close_reason why) override {
        const auto s = who_.lock();
        const auto was_on = s ? s->transport() : engineio::transport::polling;
        home_.dispatch->post(lane_, std::make_unique<disconnect_job>(nsp_, sid_, why, was_on), 0, true);
    }

  private:
    socketio_layers& home_;  // owns the server, which owns this
    const dispatcher::lane_ptr lane_;
    const std::weak_ptr<socketio::socket> who_;
    const std::string nsp_;
    const std::string sid_;
    bool closing_ = false;
};

// Asks a shard and waits for what it says; nullopt when it does not any more.
template <class T>
std::optional<T> ask(const std::function<void(std::function<void(T)>)>& question) {
    auto promise = std::make_shared<std::promise<T>>();
    auto answer = promise->get_future();
    question([promise](T value) { promise->set_value(std::move(value)); });
    promise.reset();
    if (answer.wait_for(shard_patience) != std::future_status::ready) return std::nullopt;
    try {
        return answer.get();
    } catch (const std::future_error&) {  // the question was dropped: the server has stopped
        return std::nullopt;
    }
}

}  // namespace

// ---- Namespaces ----

void namespace_list::add(std::string name) {
    const std::lock_guard guard(lock_);
    names_.insert(std::move(name));
}

bool namespace_list::has(const std::string& name) const {
    if (all_) return true;
    const std::lock_guard guard(lock_);
    return names_.contains(name);
}

// ---- Answers ----

void pending_call::finish(socketio::ack_outcome how, json arguments) {
    const std::lock_guard guard(lock_);
    if (!result_) result_.emplace(how, std::move(arguments));
    done_.notify_all();
}

std::optional<pending_call::result> pending_call::wait(std::chrono::milliseconds patience) {
    std::unique_lock guard(lock_);
    if (!done_.wait_for(guard, patience, [this] { return result_.has_value(); })) return std::nullopt;
    return result_;
}

connect_answer::connect_answer(socketio_layers_ptr home, socketio::connect_decision how,
                               dispatcher::lane_ptr lane, std::weak_ptr<socketio::socket> who,
                               std::string nsp, std::string sid)
    : home_(std::move(home)),
      lane_(std::move(lane)),
      who_(std::move(who)),
      nsp_(std::move(nsp)),
      sid_(std::move(sid)),
      decision_(std::move(how)) {}

void connect_answer::accept() const {
    decision_.accept(std::make_unique<socket_forwarder>(*home_, lane_, who_, nsp_, sid_));
}

// ---- Layers ----

socketio_layers::socketio_layers(const socketio_options& o, dispatcher_ptr d,
                                 std::shared_ptr<const namespace_list> names)
    : host(o.host),
      dispatch(std::move(d)),
      strict_order(o.strict_order),
      server(host.threads(), o.engine, o.origins, o.protocol) {
    server.on_connect(
        [names = std::move(names)](const std::string& name, const json&) { return names->has(name); },
        [this](const socketio::socket_ptr& s, const socketio::handshake& h,
               socketio::connect_decision decide) {
            // A recovered socket has a new lane: what its old one still says then is for the same socket, and
            // at worst one event too many is read. On another shard it is another socket.
            auto lane = dispatch->make_lane(strict_order, [home = weak_from_this(), who = s->weak_from_this(),
                                                           shard = host.threads().current()] {
                const auto layers = home.lock();
                if (!layers) return;
                layers->host.threads().post(shard, [who] {
                    if (const auto paused = who.lock()) paused->resume();
                });
            });
            // Should the dispatcher be over, the decision goes undecided with the job: refused.
            auto connect = std::make_unique<connect_job>(shared_from_this(), *s, h, std::move(decide), lane);
            dispatch->post(lane, std::move(connect));
        });
    host.serve(o.path, server);
}

// ---- The core ----

socketio_core::~socketio_core() {
    stop();
}

void socketio_core::start(dispatcher_ptr d) {
    const std::lock_guard guard(lock_);
    if (running_) return;
    auto layers = std::make_shared<socketio_layers>(options_, std::move(d), names_);
    layers->host.start();
    running_ = std::move(layers);
}

void socketio_core::stop() {
    const auto layers = running();
    if (!layers) return;
    layers->host.stop([&] { layers->server.close_all(); });
    const std::lock_guard guard(lock_);
    running_.reset();
}

socketio_layers_ptr socketio_core::running() const {
    const std::lock_guard guard(lock_);
    return running_;
}

std::uint16_t socketio_core::port() const {
    const auto layers = running();
    return layers ? layers->host.port() : options_.host.port;
}

bool socketio_core::reload_tls() const {
    const auto layers = running();
    return layers && layers->host.reload_tls();
}

std::uint64_t socketio_core::closed_full() const {
    const auto layers = running();
    return layers ? layers->closed_full.load() : 0;
}

std::uint64_t socketio_core::closed_slow() const {
    const auto layers = running();
    return layers ? net::counters().closed_slow - layers->slow_before : 0;
}

void socketio_core::emit(socketio::target to, const std::string& event, json arguments,
                         std::optional<std::uint64_t> callback, const dispatcher::lane_ptr& answers) {
    const auto layers = running();
    if (!layers) return;
    if (!callback) return layers->server.emit(to, event, std::move(arguments));
    auto lane = answers ? answers : layers->dispatch->make_lane();
    // By reference to the layers: the server calls these, and it is one of them.
    auto& home = *layers;
    socketio::broadcast_acks acks;
    acks.on_answer = [&home, lane, id = *callback](const std::string&, const json& args) {
        home.dispatch->post(lane, std::make_unique<answer_job>(id, args), weight_of(args));
    };
    acks.on_done = [&home, lane, id = *callback](const socketio::broadcast_answers&) {
        home.dispatch->post(lane, std::make_unique<done_job>(id), 0, true);
    };
    layers->server.emit(to, event, std::move(arguments), std::move(acks));
}

pending_call_ptr socketio_core::call(const socketio::target& to, const std::string& event, json arguments,
                                     std::chrono::milliseconds timeout) {
    auto pending = std::make_shared<pending_call>();
    const auto layers = running();
    if (!layers) {
        pending->finish(socketio::ack_outcome::disconnected, json::array());
        return pending;
    }
    socketio::broadcast_acks acks;
    acks.timeout = timeout;
    acks.on_answer = [pending](const std::string&, const json& args) {
        pending->finish(socketio::ack_outcome::answer, args);
    };
    acks.on_done = [pending](const socketio::broadcast_answers&) {
        pending->finish(socketio::ack_outcome::timeout, json::array());  // unless there was one
    };
    layers->server.emit(to, event, std::move(arguments), std::move(acks));
    return pending;
}

std::optional<std::string> socketio_core::transport(const std::string& nsp, const std::string& sid) {
    const auto layers = running();
    if (!layers) return std::nullopt;
    return ask<std::optional<std::string>>([&](std::function<void(std::optional<std::string>)> then) {
               layers->server.with_socket(nsp, sid, [then = std::move(then)](const socketio::socket* s) {
                   then(s == nullptr ? std::nullopt
                                     : std::optional(std::string(engineio::transport_name(s->transport()))));
               });
           })
        .value_or(std::nullopt);
}

std::vector<std::string> socketio_core::rooms(const std::string& nsp, const std::string& sid) {
    using names = std::optional<std::vector<std::string>>;
    const auto layers = running();
    if (!layers) return {};
    const auto told =
        ask<names>([&](std::function<void(names)> then) { layers->server.rooms(nsp, sid, std::move(then)); });
    return told && *told ? **told : std::vector<std::string>{};
}

}  // namespace chatterlink::bindings
