// The command line and the environment of `chatterlink client`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/options.hpp"

namespace chatterlink::apps {

struct client_command {
    line_client_options options;
    std::optional<int> exit_code;  // set: everything is said, end with it
};

/// An option goes before its environment variable, CHATTERLINK_HOST, _PORT or _NAME, and that before the
/// default.
/// --help and --version print to standard output (exit code 0); anything wrong is one line on standard error
/// (2).
client_command read_client_command(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace chatterlink::apps
