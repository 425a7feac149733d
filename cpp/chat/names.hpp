// The one place that knows which user names and room names there may be, and when two of them are too alike.
// Every gateway and the service come here. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace chatterlink::chat {

/// Lengths are counted in code points of the display form, as JavaScript's [...name].length and Python's
/// len() do.
inline constexpr std::size_t max_user_name = 32;
inline constexpr std::size_t max_room_name = 64;
/// And in bytes of UTF-8 as given, with the white space that is going to be trimmed: more is not even looked
/// at.
inline constexpr std::size_t max_user_name_bytes = 256;
inline constexpr std::size_t max_room_name_bytes = 512;
/// How many combining marks may follow one character (Vietnamese needs 2, Tibetan 4, "zalgo" dozens).
inline constexpr std::size_t max_combining_marks = 4;

struct name {
    std::string display;  // what people see: NFC, trimmed, runs of spaces made one
    std::string key;      // what is compared: equal for names that people would take for each other

    bool operator==(const name&) const = default;
};

/// Checks a user name and gives its two forms.
///
/// Refused with name_invalid: invalid UTF-8; control, format, invisible, private-use and unassigned
/// characters; a combining mark with nothing to sit on or more than max_combining_marks of them; letters of
/// alphabets that no language writes together (UTS #39 "highly restrictive": Latin with Cyrillic is refused,
/// Latin with Japanese is not). A zero-width joiner is allowed between two emoji, a variation selector after
/// one. With name_taken: names the server speaks under. With name_empty and name_too_long: see above. Markup
/// is plain text and allowed.
///
/// The key ignores case, width, ligatures and emoji variants and maps look-alikes to one (UTS #39 skeleton):
/// Cyrillic "а" and "a", "rn" and "m", "0" and "O". Because "I" is both the capital of "i" and the twin of
/// "l", the letters i, l, the digit 1 and the bar | are all one in a key.
base::result<name> check_user_name(std::string_view utf8);

/// The same for a room. Leading '#' are dropped; '/' and '\' (and what NFKC turns into them) are refused;
/// alphabets may be mixed; no name is reserved. Errors: room_empty, room_too_long, room_invalid.
base::result<name> check_room_name(std::string_view utf8);

/// True for a text of which nothing can be seen: white space, and characters that are drawn as nothing
/// (Unicode's Default_Ignorable_Code_Point). Bytes that are not UTF-8 can be seen.
bool is_blank(std::string_view utf8);

namespace detail {

/// The key of a display form, always by ICU. check_…_name() has a shorter way for plain ASCII, which must
/// agree; names_test.cpp compares the two.
base::result<std::string> key_by_icu(std::string_view display);

}  // namespace detail
}  // namespace chatterlink::chat
