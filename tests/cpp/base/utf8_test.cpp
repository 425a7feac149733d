#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::base {
namespace {

// As the definition of UTF-8 says (RFC 3629 §3), the slow way.
std::string encode(unsigned c) {
    const auto rest = [c](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), rest(0)};
    if (c < 0x10000) return {static_cast<char>(0xe0 | c >> 12), rest(6), rest(0)};
    return {static_cast<char>(0xf0 | c >> 18), rest(12), rest(6), rest(0)};
}

TEST(utf8_checker, takes_every_character_and_no_surrogate) {
    for (unsigned c = 0; c <= 0x10ffff; ++c) {
        const bool surrogate = c >= 0xd800 && c <= 0xdfff;
        ASSERT_EQ(is_utf8(encode(c)), !surrogate) << std::hex << c;
    }
    for (unsigned c = 0x110000; c < 0x200000; c += 0x101) ASSERT_FALSE(is_utf8(encode(c))) << std::hex << c;
}

TEST(utf8_checker, refuses_every_overlong_form) {
    for (unsigned c = 0; c < 0x80; ++c)
        ASSERT_FALSE(
            is_utf8(std::string{static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))}))
            << c;
    for (unsigned c = 0; c < 0x800; ++c)
        ASSERT_FALSE(is_utf8(std::string{static_cast<char>(0xe0), static_cast<char>(0x80 | c >> 6),
                                         static_cast<char>(0x80 | (c & 0x3f))}))
            << c;
    for (unsigned c = 0; c < 0x10000; ++c)
        ASSERT_FALSE(is_utf8(std::string{static_cast<char>(0xf0), static_cast<char>(0x80 | c >> 12),
                                         static_cast<char>(0x80 | (c >> 6 & 0x3f)),
                                         static_cast<char>(0x80 | (c & 0x3f))}))
            << c;
}

TEST(utf8_checker, does_not_care_where_it_is_cut) {
    const std::string text = "plain ascii that is long enough κόσμε €uro 😀 and the end";
    for (std::size_t first = 0; first <= text.size(); ++first) {
        for (std::size_t second = first; second <= text.size(); ++second) {
            utf8_checker check;
            ASSERT_TRUE(check.feed(std::string_view(text).substr(0, first)));
            ASSERT_TRUE(check.feed(std::string_view(text).substr(first, second - first)));
            ASSERT_TRUE(check.feed(std::string_view(text).substr(second)));
            ASSERT_TRUE(check.complete());
        }
    }
}

TEST(utf8_checker, knows_at_once_what_cannot_become_valid) {
    // The last byte of each is the first that shows it.
    for (const std::string bad : {"\x80", "\xbf", "\xc0", "\xc1", "\xf5", "\xff", "\xe0\x9f", "\xed\xa0",
                                  "\xf0\x8f", "\xf4\x90", "\xc2\x7f", "\xe2\x82\x41", "\xf0\x9f\x98\xc0"}) {
        utf8_checker check;
        EXPECT_TRUE(check.feed(bad.substr(0, bad.size() - 1)));
        EXPECT_FALSE(check.feed(bad.substr(bad.size() - 1)));
    }
}

TEST(utf8_checker, tells_an_unfinished_character) {
    for (const std::string cut : {"\xc2", "\xe2\x82", "\xf0\x9f\x98", "abcdefgh\xf0"}) {
        utf8_checker check;
        EXPECT_TRUE(check.feed(cut));
        EXPECT_FALSE(check.complete());
        check.reset();
        EXPECT_TRUE(check.complete());
        EXPECT_FALSE(is_utf8(cut));
    }
}

}  // namespace
}  // namespace chatterlink::base
