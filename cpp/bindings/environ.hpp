// The request of a handshake as a WSGI environment (PEP 3333), which python-socketio's and python-engineio's
// connect handlers get.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <utility>
#include <vector>

#include "net/request_info.hpp"

namespace chatterlink::bindings {

/// The entries that are text, in order: REQUEST_METHOD, SCRIPT_NAME (empty), PATH_INFO (percent-decoded),
/// QUERY_STRING, REQUEST_URI, SERVER_PROTOCOL, SERVER_NAME, SERVER_PORT, REMOTE_ADDR, REMOTE_PORT,
/// CONTENT_TYPE, CONTENT_LENGTH, wsgi.url_scheme and HTTP_<NAME> for every other header field. Fields of one
/// name are joined by
/// ',' (RFC 9110 §5.3), Cookie by "; " (RFC 6265 §5.4). A field with '_' in its name is left out: as
/// HTTP_<NAME> it could not be told from one with '-', and a client could pass off the one for the other.
std::vector<std::pair<std::string, std::string>> environ_entries(const net::request_info& request);

/// The same as a dict of str (bytes as Latin-1, as PEP 3333 has it), with wsgi.version, wsgi.input (empty),
/// wsgi.errors (sys.stderr), wsgi.multithread (True), wsgi.multiprocess and wsgi.run_once (False). A new one
/// for each call. With the GIL held.
pybind11::dict make_environ(const net::request_info& request);

}  // namespace chatterlink::bindings
