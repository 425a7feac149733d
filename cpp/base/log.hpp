// The log: one spdlog logger to standard error, level chosen at start. Any thread.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "base/error.hpp"

namespace chatterlink::base {

/// Sets the level: trace, debug, info, warning, error, critical or off. Errors: config_invalid.
result<void> set_log_level(const std::string& level);

}  // namespace chatterlink::base
