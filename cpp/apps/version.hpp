// The version of the program, from the file VERSION.
#pragma once

namespace chatterlink::apps {

const char* version() noexcept;  // "0.1.0"

}  // namespace chatterlink::apps
