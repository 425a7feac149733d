// The three programs. The binaries (…_main.cpp) and the Python commands call the same functions, so they are
// the same programs. Return the exit code: 0 done, 1 could not run (port taken, folder unwritable), 2 bad
// usage.
#pragma once

#include <string>
#include <vector>

namespace chatterlink::apps {

/// `program` is the name shown in --help ("chatterlink app", "chatterlink-app"); `arguments` without it.
/// They block until the program ends (SIGINT and SIGTERM end it cleanly).
int run_app(const std::string& program, const std::vector<std::string>& arguments);
int run_server(const std::string& program, const std::vector<std::string>& arguments);
int run_client(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace chatterlink::apps
