#include "bindings/environ.hpp"

#include <algorithm>

#include "net/http.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

// "User-Agent" -> "HTTP_USER_AGENT"; the two that have names of their own in CGI (RFC 3875 §4.1) without
// "HTTP_".
std::string variable(std::string_view field) {
    std::string name;
    for (const char c : field)
        name.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    return name == "CONTENT_TYPE" || name == "CONTENT_LENGTH" ? name : "HTTP_" + name;
}

// What a server calls itself is the Host of the request, without its port; a bare IPv6 address keeps its
// brackets.
std::string host_name(std::string_view host) {
    const auto colon = host.rfind(':');
    const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
    return std::string(has_port ? host.substr(0, colon) : host);
}

py::str latin1(std::string_view text) {
    PyObject* made = PyUnicode_DecodeLatin1(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(made);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environ_entries(const net::request_info& request) {
    std::vector<std::pair<std::string, std::string>> entries{
        {"REQUEST_METHOD", request.method},
        {"SCRIPT_NAME", ""},
        {"PATH_INFO", net::percent_decode(request.path()).value_or(std::string(request.path()))},
        {"QUERY_STRING", std::string(request.query())},
        {"REQUEST_URI", request.target},
        {"SERVER_PROTOCOL", request.version == 10 ? "HTTP/1.0" : "HTTP/1.1"},
        {"SERVER_NAME", host_name(request.header("Host"))},
        {"SERVER_PORT", std::to_string(request.local_port)},
        {"REMOTE_ADDR", request.remote_address},
        {"REMOTE_PORT", std::to_string(request.remote_port)},
        {"wsgi.url_scheme", request.secure ? "https" : "http"}};
    for (const auto& [field, value] : request.fields) {
        if (field.find('_') != std::string::npos) continue;
        auto name = variable(field);
        const auto same =
            std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == name; });
        if (same == entries.end()) {
            entries.emplace_back(std::move(name), value);
        } else {
            same->second.append(name == "HTTP_COOKIE" ? "; " : ",").append(value);
        }
    }
    return entries;
}

py::dict make_environ(const net::request_info& request) {
    py::dict environ;
    for (const auto& [name, value] : environ_entries(request)) environ[latin1(name)] = latin1(value);
    environ["wsgi.version"] = py::make_tuple(1, 0);
    environ["wsgi.input"] = py::module_::import("io").attr("BytesIO")();
    environ["wsgi.errors"] = py::module_::import("sys").attr("stderr");
    environ["wsgi.multithread"] = true;
    environ["wsgi.multiprocess"] = false;
    environ["wsgi.run_once"] = false;
    return environ;
}

}  // namespace chatterlink::bindings
