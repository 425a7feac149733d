// Options from the command line, the environment (CHATTERLINK_…) and a configuration file (--config), in this
// order of precedence. The one place that knows their names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/options.hpp"

namespace chatterlink::apps {

/// What to run with; or, when help or the version was asked for or something is wrong, the exit code to leave
/// with: what there is to say has been printed.
template <class Options>
struct parsed {
    std::optional<Options> options{};
    int exit_code = 0;
};

parsed<app_options> parse_app(const std::string& program, const std::vector<std::string>& arguments);
parsed<line_server_options> parse_server(const std::string& program,
                                         const std::vector<std::string>& arguments);

}  // namespace chatterlink::apps
