// ChatApp, LineServer and LineClient of chatterlink._core: apps/app.hpp and apps/line_client.hpp as they are,
// one to one. Defaults, documentation and `with` are added by the Python classes of the same names. Whatever
// may block runs with the GIL released.
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "apps/app.hpp"
#include "apps/line_client.hpp"
#include "bindings/owned.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using release_gil = py::call_guard<py::gil_scoped_release>;
using chat_app = owned<apps::chat_app>;
using line_server = owned<apps::line_server>;
using line_client = owned<apps::line_client>;

// A Python integer as a field of the options; out of range is a bad option, not a wrong type.
template <class Field>
Field number(const char* name, long long value, long long most, long long least = 0) {
    if (value < least || value > most) {
        throw base::failure(base::fail(base::errc::config_invalid, std::string(name) + " must be between " +
                                                                       std::to_string(least) + " and " +
                                                                       std::to_string(most)));
    }
    return static_cast<Field>(value);
}

// As the programs' options have them (apps/command_line.cpp).
constexpr long long most_ports = 65'535;
constexpr long long most_threads = 1024;
constexpr long long most_upload = 1LL << 30;

template <class Server>
void start(Server& self) {
    self.use().start();
}

// In a child process there is nothing to stop: the threads stayed in the parent.
template <class Server>
void stop(Server& self) {
    if (self.is_ours()) self.use().stop();
}

void register_chat_app(py::module_& m) {
    py::class_<chat_app>(m, "ChatApp")
        .def(py::init([](std::string host, long long port, std::filesystem::path data, std::string store,
                         long long threads, bool rate_limit, long long max_upload, std::string log_level,
                         std::filesystem::path unix_socket, std::filesystem::path tls_cert,
                         std::filesystem::path tls_key, std::string trusted_proxies, bool ws_deflate) {
                 apps::app_options options;
                 options.host = std::move(host);
                 options.port = number<std::uint16_t>("port", port, most_ports);
                 options.data = std::move(data);
                 options.store = std::move(store);
                 options.threads = number<unsigned>("threads", threads, most_threads);
                 options.rate_limit = rate_limit;
                 options.trusted_proxies = std::move(trusted_proxies);
                 options.ws_deflate = ws_deflate;
                 options.max_upload = number<std::uint64_t>("max_upload", max_upload, most_upload, 1);
                 options.log_level = std::move(log_level);
                 options.listen = {std::move(unix_socket), std::move(tls_cert), std::move(tls_key), {}};
                 return std::make_unique<chat_app>(std::move(options));
             }),
             py::kw_only(), py::arg("host"), py::arg("port"), py::arg("data"), py::arg("store"),
             py::arg("threads"), py::arg("rate_limit"), py::arg("max_upload"), py::arg("log_level"),
             py::arg("unix_socket"), py::arg("tls_cert"), py::arg("tls_key"), py::arg("trusted_proxies"),
             py::arg("ws_deflate"))
        .def("start", &start<chat_app>, release_gil())
        .def("stop", &stop<chat_app>, release_gil())
        .def(
            "reload_tls", [](chat_app& self) { return self.use().reload_tls(); }, release_gil())
        .def_property_readonly("running", [](const chat_app& self) { return self.look().running(); })
        .def_property_readonly("port", [](const chat_app& self) { return self.look().port(); })
        .def_property_readonly("url", [](const chat_app& self) { return self.look().url(); })
        .def_property_readonly("store_description",
                               [](const chat_app& self) { return self.look().store_description(); });
}

void register_line_server(py::module_& m) {
    py::class_<line_server>(m, "LineServer")
        .def(py::init([](std::string host, long long port, bool echo, long long threads, bool rate_limit,
                         std::string log_level, std::filesystem::path unix_socket,
                         std::filesystem::path tls_cert, std::filesystem::path tls_key) {
                 apps::line_server_options options;
                 options.host = std::move(host);
                 options.port = number<std::uint16_t>("port", port, most_ports);
                 options.echo = echo;
                 options.threads = number<unsigned>("threads", threads, most_threads);
                 options.rate_limit = rate_limit;
                 options.log_level = std::move(log_level);
                 options.listen = {std::move(unix_socket), std::move(tls_cert), std::move(tls_key), {}};
                 return std::make_unique<line_server>(std::move(options));
             }),
             py::kw_only(), py::arg("host"), py::arg("port"), py::arg("echo"), py::arg("threads"),
             py::arg("rate_limit"), py::arg("log_level"), py::arg("unix_socket"), py::arg("tls_cert"),
             py::arg("tls_key"))
        .def("start", &start<line_server>, release_gil())
        .def("stop", &stop<line_server>, release_gil())
        .def(
            "reload_tls", [](line_server& self) { return self.use().reload_tls(); }, release_gil())
        .def_property_readonly("running", [](const line_server& self) { return self.look().running(); })
        .def_property_readonly("port", [](const line_server& self) { return self.look().port(); });
}

// Waits in slices, so that Ctrl-C (which Python only notes while C++ runs) ends it within one.
std::optional<std::string> receive(line_client& self, std::optional<double> seconds) {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds slice{100};
    constexpr double longest = 1e9;  // seconds; also keeps infinity out of the arithmetic below
    const bool endless = !seconds || *seconds > longest;
    const auto deadline =
        clock::now() + std::chrono::duration_cast<clock::duration>(
                           std::chrono::duration<double>(endless ? 0.0 : std::max(0.0, *seconds)));
    auto& client = self.use();
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        const auto wait = endless ? slice : std::clamp(left, std::chrono::milliseconds{0}, slice);
        std::optional<std::string> line;
        bool over = false;
        {
            const py::gil_scoped_release released;
            line = client.receive(wait);
            over = !line && client.ended();
        }
        if (line) return line;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (over || (!endless && clock::now() >= deadline)) return std::nullopt;
    }
}

// A line is UTF-8, but a server of another kind may send anything; that must not become an exception.
py::object as_text(const std::optional<std::string>& line) {
    if (!line) return py::none();
    PyObject* text = PyUnicode_DecodeUTF8(line->data(), static_cast<Py_ssize_t>(line->size()), "replace");
    if (text == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(text);
}

void register_line_client(py::module_& m) {
    py::class_<line_client>(m, "LineClient")
        .def(py::init([](std::string host, long long port, std::string name, bool tls,
                         std::filesystem::path tls_ca) {
                 apps::line_client_options options;
                 options.host = std::move(host);
                 options.port = number<std::uint16_t>("port", port, most_ports);
                 options.name = std::move(name);
                 options.tls = tls;
                 options.tls_ca = std::move(tls_ca);
                 return std::make_unique<line_client>(std::move(options));
             }),
             py::kw_only(), py::arg("host"), py::arg("port"), py::arg("name"), py::arg("tls"),
             py::arg("tls_ca"))
        .def("start", &start<line_client>, release_gil())
        .def("stop", &stop<line_client>, release_gil())
        .def(
            "send", [](line_client& self, const std::string& line) { self.use().send(line); },
            py::arg("line"), release_gil())
        .def(
            "receive",
            [](line_client& self, std::optional<double> timeout) { return as_text(receive(self, timeout)); },
            py::arg("timeout"))
        .def_property_readonly("connected", [](const line_client& self) { return self.look().connected(); })
        .def_property_readonly("ended", [](const line_client& self) { return self.look().ended(); });
}

}  // namespace

void register_apps(py::module_& m) {
    register_chat_app(m);
    register_line_server(m);
    register_line_client(m);
}

}  // namespace chatterlink::bindings
