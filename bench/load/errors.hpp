// What keeps a measurement from being made. Everything that goes wrong while messages flow is counted instead
// (report.hpp).
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace chatterlink::load {

/// The measurement could not be made, or could not be finished: exit code 2, with this sentence.
struct could_not_run : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The system's sentence for an errno.
inline std::string reason(int code) {
    return std::generic_category().message(code);
}

}  // namespace chatterlink::load
