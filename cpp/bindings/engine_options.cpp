#include "bindings/engine_options.hpp"

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <chrono>

#include "base/ascii.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

// Only what the dict names: python-engineio adds nothing of its own.
engineio::cookie cookie_of(const py::dict& given) {
    engineio::cookie c;
    c.path.reset();
    c.http_only = false;
    c.same_site.reset();
    for (const auto& [key, value] : given) {
        const auto name = key.cast<std::string>();
        const bool flag = py::isinstance<py::bool_>(value);
        const auto text = flag ? std::string() : py::str(value).cast<std::string>();
        const auto attribute = base::lowered(name);
        if (attribute == "name") {
            c.name = text;
        } else if (attribute == "path" && !flag) {
            c.path = text;
        } else if (attribute == "samesite" && !flag) {
            c.same_site = text;
        } else if (attribute == "httponly") {
            c.http_only = true;
        } else if (attribute == "secure") {
            c.secure = true;
        } else {
            c.others.emplace_back(name, text);
        }
    }
    return c;
}

}  // namespace

base::milliseconds milliseconds_of(double seconds) {
    return std::chrono::ceil<base::milliseconds>(std::chrono::duration<double>(seconds));
}

void read_engine_options(const py::dict& given, apps::host_options& host, engineio::settings& engine,
                         engineio::origin_policy& origins) {
    const auto flag = [&](const char* name) { return given[name].cast<bool>(); };
    const auto time = [&](const char* name) { return milliseconds_of(given[name].cast<double>()); };
    host.host = given["host"].cast<std::string>();
    host.port = given["port"].cast<std::uint16_t>();
    host.threads = given["threads"].cast<unsigned>();
    host.log_level = given["log_level"].cast<std::string>();
    const auto path = [&](const char* name) { return given[name].cast<std::filesystem::path>(); };
    host.listen = {path("unix_socket"), path("tls_cert"), path("tls_key"), {}};
    engine.path = given["path"].cast<std::string>();
    engine.polling = flag("polling");
    engine.websocket = flag("websocket");
    engine.allow_upgrades = flag("allow_upgrades");
    engine.ping_interval = time("ping_interval");
    engine.ping_grace = time("ping_grace");
    engine.ping_timeout = time("ping_timeout");
    engine.monitor = flag("monitor_clients");
    engine.max_payload = given["max_payload"].cast<std::uint32_t>();
    engine.max_poll_queue = host.limits.max_queue = given["max_send_queue"].cast<std::size_t>();
    engine.compress_polls_from =
        flag("http_compression")
            ? std::max<std::size_t>(given["compression_threshold"].cast<std::size_t>(), 1)
            : 0;
    if (given.contains("connect_timeout")) engine.connect_timeout = time("connect_timeout");
    if (!given["cookie"].is_none()) engine.cookie = cookie_of(given["cookie"]);
    origins.same_origin = flag("same_origin");
    origins.any = flag("any_origin");
    origins.check = flag("check_origin");
    origins.credentials = flag("cors_credentials");
    origins.allowed = given["origins"].cast<std::vector<std::string>>();
}

}  // namespace chatterlink::bindings
