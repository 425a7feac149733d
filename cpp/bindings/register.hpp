// One function per topic; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace chatterlink::bindings {

void register_errors(pybind11::module_& m);    // base::failure becomes chatterlink.ChatterLinkError
void register_apps(pybind11::module_& m);      // ChatApp, LineServer, LineClient
void register_programs(pybind11::module_& m);  // run_app, run_server, run_client

void register_dispatch(pybind11::module_& m);  // Dispatcher, DispatchWorker

void register_socketio(pybind11::module_& m);  // SocketIOServer and what its events come with
void register_engineio(pybind11::module_& m);  // EngineIOServer, EngineDecision

}  // namespace chatterlink::bindings
