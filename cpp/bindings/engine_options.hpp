// The options that both Python servers share, as python/chatterlink/_engine_options.py hands them over:
// checked there, so here it is one to one.
#pragma once

#include <pybind11/pybind11.h>

#include "apps/engine_host.hpp"
#include "engineio/origin.hpp"
#include "engineio/settings.hpp"

namespace chatterlink::bindings {

/// Seconds as Python says them.
base::milliseconds milliseconds_of(double seconds);

/// Fills in what the dict says. With the GIL held. Throws pybind11::error_already_set (a missing key) and
/// pybind11::cast_error.
void read_engine_options(const pybind11::dict& given, apps::host_options& host, engineio::settings& engine,
                         engineio::origin_policy& origins);

}  // namespace chatterlink::bindings
