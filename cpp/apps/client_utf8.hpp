// One UTF-8 character at a time, for what is typed and what is shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chatterlink::apps {

struct utf8_character {
    enum class kind { whole, unfinished, invalid };
    kind what = kind::invalid;
    char32_t value = 0;      // of a whole one
    std::size_t length = 1;  // bytes to step over; an invalid one is a single byte
};

/// The character at the beginning of `text`, which is not empty. Unfinished: all of `text` may be the
/// beginning of a character (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
utf8_character first_character(std::string_view text) noexcept;

/// Appends a character that first_character() would call whole.
void append_character(std::string& out, char32_t c);

}  // namespace chatterlink::apps
