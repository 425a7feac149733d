// chatterlink._core. What it has is written down, with types, in python/chatterlink/_core.pyi.
#include "bindings/register.hpp"

PYBIND11_MODULE(_core, m) {
    m.attr("__version__") = CHATTERLINK_VERSION;
    chatterlink::bindings::register_errors(m);
    chatterlink::bindings::register_dispatch(m);
    chatterlink::bindings::register_socketio(m);
    chatterlink::bindings::register_apps(m);
    chatterlink::bindings::register_programs(m);
    chatterlink::bindings::register_engineio(m);
}
