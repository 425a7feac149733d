// UTF-8 in one piece. What arrives in pieces is checked by net/utf8_checker.hpp.
#pragma once

#include <string_view>

namespace chatterlink::base {

/// Whether the text is UTF-8 (RFC 3629 §4): no overlong form, no surrogate, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

}  // namespace chatterlink::base
