// For systems without liburing: there is no ring.
#include "net/send_ring.hpp"

namespace chatterlink::net {

std::unique_ptr<send_ring> send_ring::make(unsigned) noexcept {
    return nullptr;
}

}  // namespace chatterlink::net
