#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace chatterlink::base {

result<void> set_log_level(const std::string& level) {
    const auto parsed = spdlog::level::from_str(level);
    if (parsed == spdlog::level::off && level != "off") {
        return fail(errc::config_invalid, "unknown log level '" + level +
                                              "': use trace, debug, info, warning, error, critical or off");
    }
    static const bool once = [] {
        auto logger = spdlog::stderr_color_mt("chatterlink");
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
        spdlog::set_default_logger(std::move(logger));
        return true;
    }();
    static_cast<void>(once);
    spdlog::set_level(parsed);
    return {};
}

}  // namespace chatterlink::base
