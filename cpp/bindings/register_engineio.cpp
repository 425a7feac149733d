// EngineIOServer and EngineDecision of chatterlink._core: what python/chatterlink/engineio.py is built on.
#include <pybind11/stl.h>

#include "bindings/engine_options.hpp"
#include "bindings/engineio_core.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using release_gil = py::call_guard<py::gil_scoped_release>;

// What Python holds of the core. In a child process it is left alone: its threads are the parent's.
class engineio_handle {
  public:
    explicit engineio_handle(engineio_options options)
        : core_(new engineio_core(std::move(options)), leave_to_parent{}) {}
    ~engineio_handle() {
        if (!is_ours()) return;
        const py::gil_scoped_release released;
        core_.reset();
    }
    engineio_handle(const engineio_handle&) = delete;
    engineio_handle& operator=(const engineio_handle&) = delete;

    engineio_core& use() const {
        if (is_ours()) return *core_;
        throw base::failure(
            base::fail(base::errc::internal, "this server belongs to the process that made it"));
    }
    void stop() const {
        if (is_ours()) core_->stop();
    }

  private:
    bool is_ours() const noexcept { return ::getpid() == process_; }

    std::shared_ptr<engineio_core> core_;
    const pid_t process_ = ::getpid();
};

engineio_options engineio_options_of(const py::dict& given) {
    engineio_options o;
    read_engine_options(given, o.host, o.engine, o.origins);
    o.strict_order = given["strict_order"].cast<bool>();
    return o;
}

bool send_bytes(const engineio_handle& self, const std::string& sid, const py::bytes& data) {
    return self.use().send(sid, std::string_view(data), true);
}

bool send_text(const engineio_handle& self, const std::string& sid, const std::string& text) {
    return self.use().send(sid, text, false);
}

std::optional<std::string> transport_of(const engineio_handle& self, const std::string& sid) {
    const auto now = self.use().transport(sid);
    if (!now) return std::nullopt;
    return std::string(engineio::transport_name(*now));
}

}  // namespace

void register_engineio(py::module_& m) {
    py::class_<engine_decision>(m, "EngineDecision")
        .def("accept", &engine_decision::accept)
        .def("refuse", &engine_decision::refuse, py::arg("status"), py::arg("json"));
    py::class_<engineio_handle>(m, "EngineIOServer")
        .def(py::init([](const py::dict& options) {
                 return std::make_unique<engineio_handle>(engineio_options_of(options));
             }),
             py::arg("options"))
        .def(
            "start", [](engineio_handle& self, dispatcher_ptr d) { self.use().start(std::move(d)); },
            py::arg("dispatcher"), release_gil())
        .def("stop", &engineio_handle::stop, release_gil())
        .def(
            "reload_tls", [](const engineio_handle& self) { return self.use().reload_tls(); }, release_gil())
        .def_property_readonly("port", [](const engineio_handle& self) { return self.use().port(); })
        .def_property_readonly("closed_full",
                               [](const engineio_handle& self) { return self.use().closed_full(); })
        .def_property_readonly("closed_slow",
                               [](const engineio_handle& self) { return self.use().closed_slow(); })
        .def("send_text", &send_text, py::arg("sid"), py::arg("text"))
        .def("send_bytes", &send_bytes, py::arg("sid"), py::arg("data"))
        .def(
            "disconnect",
            [](const engineio_handle& self, const std::string& sid) { return self.use().disconnect(sid); },
            py::arg("sid"))
        .def("transport", &transport_of, py::arg("sid"));
}

}  // namespace chatterlink::bindings
