// gzip (RFC 1952) for answers that are made on the spot; what is always the same is compressed beforehand.
#pragma once

#include <string>
#include <string_view>

namespace chatterlink::net {

/// Any thread. Fast rather than small (zlib's level 1).
std::string gzip(std::string_view bytes);

}  // namespace chatterlink::net
