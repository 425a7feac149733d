#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace chatterlink::base {
namespace {

TEST(ascii, knows_each_byte) {
    const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const std::string digits = "0123456789";
    const std::string marks = "!#$%&'*+-.^_`|~";
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        const auto among = [c](const std::string& some) { return some.find(c) != std::string::npos; };
        EXPECT_EQ(is_alphanumeric(c), among(letters + digits)) << i;
        EXPECT_EQ(is_token_character(c), among(letters + digits + marks)) << i;
        EXPECT_EQ(is_blank(c), c == ' ' || c == '\t') << i;
        EXPECT_EQ(lower(c), i >= 'A' && i <= 'Z' ? static_cast<char>(i + 32) : c) << i;
    }
}

TEST(ascii, leaves_everything_but_letters_alone) {
    EXPECT_EQ(lowered("Content-TYPE: É\0Z"), "content-type: É");
    EXPECT_EQ(lowered(""), "");
    EXPECT_TRUE(same_word("GZip", "gzIP"));
    EXPECT_TRUE(same_word("", ""));
    EXPECT_FALSE(same_word("gzip", "gzip "));
    EXPECT_FALSE(same_word("[", "{")) << "these are 32 apart too";
    EXPECT_FALSE(same_word("É", "é"));
}

TEST(ascii, trims_spaces_and_tabs_at_both_ends) {
    EXPECT_EQ(trimmed(" \t a b\t "), "a b");
    EXPECT_EQ(trimmed("\n a"), "\n a");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
}

TEST(ascii, a_token_has_a_character_at_least) {
    EXPECT_TRUE(is_token("x-Name.1"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("a b"));
    EXPECT_FALSE(is_token("a\"b"));
    EXPECT_FALSE(is_token(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace chatterlink::base
