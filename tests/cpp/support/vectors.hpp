// The files of tests/vectors, which the C++ and the Python tests share.
#pragma once

#include <string>

namespace chatterlink::test {

/// What is in tests/vectors/`name`, for example "socketio.json". Throws std::runtime_error when there is
/// none.
std::string vector_file(const std::string& name);

}  // namespace chatterlink::test
