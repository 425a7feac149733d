#include "apps/version.hpp"

namespace chatterlink::apps {

const char* version() noexcept {
    return CHATTERLINK_VERSION;
}

}  // namespace chatterlink::apps
