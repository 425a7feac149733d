#include "bindings/engineio_core.hpp"

#include <utility>

#include "base/log.hpp"
#include "bindings/environ.hpp"
#include "net/websocket_frame.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

class open_job final : public python_job {
  public:
    open_job(engineio_layers_ptr home, engineio::client& c, const net::exchange& request)
        : sid_(c.sid()),
          request_(request.info()),
          decision_(std::make_unique<engine_decision>(std::move(home), c.admission())) {}

    py::tuple arguments() override {
        return py::make_tuple("connect", sid_, make_environ(*request_), std::move(decision_));
    }

  private:
    const std::string sid_;
    const std::shared_ptr<const net::request_info> request_;
    std::unique_ptr<engine_decision> decision_;
};

class message_job final : public python_job {
  public:
    message_job(std::string sid, std::string_view data, bool binary)
        : sid_(std::move(sid)), data_(data), binary_(binary) {}

    py::tuple arguments() override {
        if (binary_) return py::make_tuple("message", sid_, py::bytes(data_));
        // What came over a WebSocket is UTF-8, a POST's body may be anything.
        PyObject* text = PyUnicode_DecodeUTF8(data_.data(), static_cast<Py_ssize_t>(data_.size()), "replace");
        if (text == nullptr) throw py::error_already_set();
        return py::make_tuple("message", sid_, py::reinterpret_steal<py::str>(text));
    }

  private:
    const std::string sid_;
    const std::string data_;
    const bool binary_;
};

class close_job final : public python_job {
  public:
    close_job(std::string sid, engineio::close_reason why, engineio::transport was_on)
        : sid_(std::move(sid)), why_(why), was_on_(was_on) {}
    py::tuple arguments() override {
        // python-engineio knows no parse error.
        const auto why =
            why_ == engineio::close_reason::parse_error ? engineio::close_reason::transport_error : why_;
        return py::make_tuple("disconnect", sid_, std::string(engineio::close_reason_name(why)),
                              std::string(engineio::transport_name(was_on_)));
    }

  private:
    const std::string sid_;
    const engineio::close_reason why_;
    const engineio::transport was_on_;
};

// Passes on what happens to one client, which is there for Python as long as this is. On its shard.
class client_forwarder final : public engineio::client_handler {
  public:
    client_forwarder(engineio_layers& home, engineio::client& c, dispatcher::lane_ptr lane)
        : home_(home), client_(c), sid_(c.sid()), lane_(std::move(lane)) {
        home_.note(sid_, c.current());
    }
    ~client_forwarder() override { home_.forget(sid_); }

    void on_message(std::string_view data, bool binary) override {
        if (closing_) return;
        auto message = std::make_unique<message_job>(sid_, data, binary);
        const auto outcome = home_.dispatch->post(lane_, std::move(message), data.size());
        if (outcome == post_outcome::high) client_.pause();  // the lane's relief resumes
        if (outcome != post_outcome::full) return;
        closing_ = true;
        ++home_.closed_full;
        spdlog::warn("engine.io: client {} is closed: too many of its messages wait for their handlers",
                     sid_);
        client_.close(engineio::close_reason::transport_error);
    }
    void on_upgrade() override { home_.note(sid_, engineio::transport::websocket); }
    void on_close(engineio::close_reason why) override {
        home_.forget(sid_);
        home_.dispatch->post(lane_, std::make_unique<close_job>(sid_, why, client_.current()), 0, true);
    }

  private:
    engineio_layers& home_;     // owns the server, which owns this
    engineio::client& client_;  // not after on_close()
    const std::string sid_;
    const dispatcher::lane_ptr lane_;
    bool closing_ = false;
};

}  // namespace

// ---- Layers ----

engineio_layers::engineio_layers(const engineio_options& o, dispatcher_ptr d)
    : host(o.host),
      dispatch(std::move(d)),
      strict_order(o.strict_order),
      server(host.threads(), o.engine, o.origins,
             [this](engineio::client& c, const net::exchange& e) { return admit(c, e); }) {
    host.serve(o.engine.path, server);
}

engineio::decision engineio_layers::admit(engineio::client& c, const net::exchange& request) {
    auto lane = dispatch->make_lane(strict_order, [home = weak_from_this(), sid = c.sid()] {
        if (const auto l = home.lock()) {
            l->server.visit(sid, [](engineio::client* who) {
                if (who != nullptr) who->resume();
            });
        }
    });
    auto connect = std::make_unique<open_job>(weak_from_this().lock(), c, request);
    // Before the job is posted: its handler may run, and send, before post() has returned.
    auto handler = std::make_unique<client_forwarder>(*this, c, lane);
    switch (dispatch->post(lane, std::move(connect))) {
        case post_outcome::queued:
        case post_outcome::high:
            return engineio::decide_later{std::move(handler)};
        case post_outcome::full:
        case post_outcome::over:
            break;
    }
    return engineio::refusal{503, "\"The server ends\""};
}

std::optional<engineio::transport> engineio_layers::transport_of(const std::string& sid) const {
    const std::lock_guard guard(lock_);
    const auto found = transports_.find(sid);
    if (found == transports_.end()) return std::nullopt;
    return found->second;
}

void engineio_layers::note(const std::string& sid, engineio::transport now) {
    const std::lock_guard guard(lock_);
    transports_[sid] = now;
}

void engineio_layers::forget(const std::string& sid) {
    const std::lock_guard guard(lock_);
    transports_.erase(sid);
}

// ---- Core ----

void engineio_core::start(dispatcher_ptr d) {
    auto made = std::make_shared<engineio_layers>(options_, std::move(d));
    made->host.start();
    const std::lock_guard guard(lock_);
    running_ = std::move(made);
}

void engineio_core::stop() {
    engineio_layers_ptr ending;
    {
        const std::lock_guard guard(lock_);
        ending.swap(running_);
    }
    if (ending) ending->host.stop([&server = ending->server] { server.close_all(); });
}

engineio_layers_ptr engineio_core::running() const {
    const std::lock_guard guard(lock_);
    return running_;
}

std::uint16_t engineio_core::port() const {
    const auto l = running();
    return l ? l->host.port() : options_.host.port;
}

bool engineio_core::reload_tls() const {
    const auto layers = running();
    return layers && layers->host.reload_tls();
}

std::uint64_t engineio_core::closed_full() const {
    const auto l = running();
    return l ? l->closed_full.load() : 0;
}

std::uint64_t engineio_core::closed_slow() const {
    const auto l = running();
    return l ? net::counters().closed_slow - l->slow_before : 0;
}

bool engineio_core::send(const std::string& sid, std::string_view data, bool binary) const {
    const auto l = running();
    if (!l || !l->transport_of(sid)) return false;
    auto frame = binary ? net::websocket_frame(net::websocket_opcode::binary, data)
                        : net::websocket_frame(net::websocket_opcode::text, "4", data);
    l->server.visit(sid, [frame = std::move(frame)](engineio::client* c) {
        if (c != nullptr) c->send(frame);
    });
    return true;
}

bool engineio_core::disconnect(const std::string& sid) const {
    const auto l = running();
    if (!l || !l->transport_of(sid)) return false;
    l->server.visit(sid, [](engineio::client* c) {
        if (c != nullptr) c->close();
    });
    return true;
}

std::optional<engineio::transport> engineio_core::transport(const std::string& sid) const {
    const auto l = running();
    return l ? l->transport_of(sid) : std::nullopt;
}

}  // namespace chatterlink::bindings
