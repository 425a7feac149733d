// SocketIOServer of chatterlink._core and what its events come with: ConnectDecision, Answer, PendingCall,
// Lane. Used by python/chatterlink/socketio only, which checks and documents the options.
#include <pybind11/stl.h>

#include "bindings/engine_options.hpp"
#include "bindings/outside.hpp"
#include "bindings/python_json.hpp"
#include "bindings/register.hpp"
#include "bindings/socketio_core.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using release_gil = py::call_guard<py::gil_scoped_release>;
using names = std::vector<std::string>;

// The core, which in a child process is left alone: its threads stayed with the parent.
class core_handle {
  public:
    explicit core_handle(socketio_options options)
        : core_(new socketio_core(std::move(options)), [process = ::getpid()](socketio_core* core) {
              if (::getpid() != process) return;
              if (core->running()) {  // else nothing blocks, and the lock need not be given up
                  const py::gil_scoped_release released;
                  core->stop();
              }
              delete core;
          }) {}

    bool is_ours() const noexcept { return ::getpid() == process_; }
    socketio_core& use() const {
        if (!is_ours()) {
            throw base::failure(
                base::fail(base::errc::internal, "this server belongs to the process that made it"));
        }
        return *core_;
    }
    void stop() const {
        if (!is_ours()) return;
        core_->stop();
        outside_->wait_until_empty(patience);
    }
    const std::shared_ptr<outside>& waiting() const noexcept { return outside_; }

  private:
    static constexpr std::chrono::seconds patience{5};

    const std::shared_ptr<socketio_core> core_;
    const std::shared_ptr<outside> outside_{new outside, leave_to_parent{}};
    const pid_t process_ = ::getpid();
};

// A call() under way.
struct open_call {
    std::shared_ptr<outside> waiting;
    pending_call_ptr call;
};

struct answers_lane {
    dispatcher::lane_ptr lane;
};

socketio_options socketio_options_of(const py::dict& given) {
    socketio_options o;
    const auto flag = [&](const char* name) { return given[name].cast<bool>(); };
    const auto time = [&](const char* name) { return milliseconds_of(given[name].cast<double>()); };
    read_engine_options(given, o.host, o.engine, o.origins);
    o.path = o.engine.path;
    o.engine.deflate.enabled = flag("per_message_deflate");
    o.engine.deflate.threshold = given["compression_threshold"].cast<std::size_t>();
    o.protocol.connect_timeout = time("connect_timeout");
    o.protocol.wire = flag("msgpack") ? socketio::parser::msgpack : socketio::parser::text;
    if (!given["recovery"].is_none()) {
        o.protocol.recovery.enabled = true;
        o.protocol.recovery.max_disconnection_duration = time("recovery");
    }
    o.strict_order = flag("strict_order");
    return o;
}

// Waits in slices where Ctrl-C has to be noticed: Python only notes it while C++ runs, and only the main
// thread handles it.
py::object wait_for(const open_call& self, bool main_thread) {
    constexpr std::chrono::milliseconds slice{100};
    constexpr std::chrono::hours longest{24};
    auto done = self.call->wait(std::chrono::milliseconds{0});
    while (!done) {
        {
            const outside::stay without_lock(*self.waiting);
            done = self.call->wait(main_thread ? slice : longest);
        }
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
    if (done->first != socketio::ack_outcome::answer) return py::none();
    return tuple_of(done->second);
}

std::optional<std::string> transport(const core_handle& self, const std::string& nsp,
                                     const std::string& sid) {
    auto& core = self.use();
    if (!core.running()) return std::nullopt;
    const outside::stay without_lock(*self.waiting());
    return core.transport(nsp, sid);
}

names rooms(const core_handle& self, const std::string& nsp, const std::string& sid) {
    auto& core = self.use();
    if (!core.running()) return {};
    const outside::stay without_lock(*self.waiting());
    return core.rooms(nsp, sid);
}

}  // namespace

void register_socketio(py::module_& m) {
    py::class_<connect_answer>(m, "ConnectDecision")
        .def("accept", &connect_answer::accept)
        .def(
            "refuse", [](const connect_answer& self, py::handle data) { self.refuse(json_of(data)); },
            py::arg("data"));
    py::class_<event_answer>(m, "Answer")
        .def(
            "__call__", [](const event_answer& self, py::handle data) { self.send(arguments_of(data)); },
            py::arg("data"));
    py::class_<open_call>(m, "PendingCall").def("wait", &wait_for, py::arg("main_thread"));
    py::class_<answers_lane>(m, "Lane").def(
        py::init([](dispatcher& d) { return answers_lane{d.make_lane()}; }), py::arg("dispatcher"));

    py::class_<core_handle>(m, "SocketIOServer")
        .def(py::init([](const py::dict& options) {
                 return std::make_unique<core_handle>(socketio_options_of(options));
             }),
             py::arg("options"))
        .def(
            "start", [](core_handle& self, dispatcher_ptr d) { self.use().start(std::move(d)); },
            py::arg("dispatcher"), release_gil())
        .def("stop", &core_handle::stop, release_gil())
        .def(
            "reload_tls", [](const core_handle& self) { return self.use().reload_tls(); }, release_gil())
        .def_property_readonly("port", [](const core_handle& self) { return self.use().port(); })
        .def_property_readonly("closed_full",
                               [](const core_handle& self) { return self.use().closed_full(); })
        .def_property_readonly("closed_slow",
                               [](const core_handle& self) { return self.use().closed_slow(); })
        .def(
            "accept_namespace",
            [](core_handle& self, std::string name) { self.use().accept_namespace(std::move(name)); },
            py::arg("name"))
        .def("accept_every_namespace", [](core_handle& self) { self.use().accept_every_namespace(); })
        .def(
            "emit",
            [](core_handle& self, const std::string& nsp, const std::string& event, py::handle data,
               names rooms, names except, bool volatile_event, std::optional<std::uint64_t> callback,
               const answers_lane* answers) {
                auto& core = self.use();
                core.emit({.nsp = nsp,
                           .rooms = std::move(rooms),
                           .except = std::move(except),
                           .except_rooms = false,
                           .volatile_event = volatile_event},
                          event, arguments_of(data), callback, answers != nullptr ? answers->lane : nullptr);
            },
            py::arg("namespace"), py::arg("event"), py::arg("data"), py::arg("rooms"), py::arg("skip"),
            py::arg("volatile"), py::arg("callback"), py::arg("lane"))
        .def(
            "call",
            [](core_handle& self, const std::string& nsp, names rooms, const std::string& event,
               py::handle data, double timeout) {
                return open_call{self.waiting(),
                                 self.use().call({.nsp = nsp, .rooms = std::move(rooms)}, event,
                                                 arguments_of(data), milliseconds_of(timeout))};
            },
            py::arg("namespace"), py::arg("rooms"), py::arg("event"), py::arg("data"), py::arg("timeout"))
        .def(
            "enter_room",
            [](core_handle& self, const std::string& nsp, const std::string& sid, const std::string& room) {
                if (const auto l = self.use().running()) l->server.enter_room(nsp, sid, room);
            },
            py::arg("namespace"), py::arg("sid"), py::arg("room"))
        .def(
            "leave_room",
            [](core_handle& self, const std::string& nsp, const std::string& sid, const std::string& room) {
                if (const auto l = self.use().running()) l->server.leave_room(nsp, sid, room);
            },
            py::arg("namespace"), py::arg("sid"), py::arg("room"))
        .def(
            "close_room",
            [](core_handle& self, const std::string& nsp, const std::string& room) {
                if (const auto l = self.use().running()) l->server.close_room(nsp, room);
            },
            py::arg("namespace"), py::arg("room"))
        .def(
            "disconnect",
            [](core_handle& self, const std::string& nsp, const std::string& sid) {
                if (const auto l = self.use().running()) l->server.disconnect(nsp, sid);
            },
            py::arg("namespace"), py::arg("sid"))
        .def("transport", &transport, py::arg("namespace"), py::arg("sid"))
        .def("rooms", &rooms, py::arg("namespace"), py::arg("sid"));
}

}  // namespace chatterlink::bindings
