// The log is made before there is a thread, as the programs do: the library makes it at its first use, under
// a lock that ThreadSanitizer cannot see, since libspdlog is not built with it.
#include <spdlog/spdlog.h>

namespace {

[[maybe_unused]] spdlog::logger* const made_early = spdlog::default_logger_raw();

}  // namespace
