#include <gtest/gtest.h>

#include <string>

#include "net/http.hpp"

namespace chatterlink::net {
namespace {

using namespace std::string_view_literals;

TEST(percent_decode, replaces_escapes_and_leaves_the_rest) {
    EXPECT_EQ(percent_decode("/plain/path"), "/plain/path");
    EXPECT_EQ(percent_decode("%2e%2E%2f"), "../");
    EXPECT_EQ(percent_decode("caf%C3%A9"), "café");
    EXPECT_EQ(percent_decode("%25"), "%");
    EXPECT_EQ(percent_decode("%252e"), "%2e") << "decoded once, not twice";
    EXPECT_EQ(percent_decode("a+b"), "a+b") << "a plus is a space in a query only";
    EXPECT_EQ(percent_decode(""), "");
}

TEST(percent_decode, refuses_broken_escapes) {
    for (const auto text :
         {"%"sv, "%2"sv, "a%"sv, "%zz"sv, "%2g"sv, "%g2"sv, "%-1"sv, "%+1"sv, "% 1"sv, "%0x"sv, "%%41"sv})
        EXPECT_FALSE(percent_decode(text).has_value()) << text;
}

TEST(percent_decode, refuses_nul_however_written) {
    EXPECT_FALSE(percent_decode("a%00b").has_value());
    EXPECT_FALSE(percent_decode("a\0b"sv).has_value());
}

TEST(query_value, finds_a_key_among_others) {
    EXPECT_EQ(query_value("EIO=4&transport=polling&sid=abc", "sid"), "abc");
    EXPECT_EQ(query_value("EIO=4&transport=polling", "EIO"), "4");
    EXPECT_EQ(query_value("a=1&a=2", "a"), "1") << "the first one counts";
    EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
}

TEST(query_value, tells_empty_from_absent) {
    EXPECT_EQ(query_value("a=&b", "a"), "");
    EXPECT_EQ(query_value("a=&b", "b"), "");
    EXPECT_FALSE(query_value("a=&b", "c").has_value());
    EXPECT_FALSE(query_value("", "a").has_value());
    EXPECT_FALSE(query_value("&&&", "a").has_value());
    EXPECT_FALSE(query_value("ab=1&xa=2", "a").has_value()) << "a part of a key is not the key";
}

TEST(query_value, decodes_escapes_and_plus) {
    EXPECT_EQ(query_value("a=x%20y+z%2B", "a"), "x y z+");
    EXPECT_FALSE(query_value("a=%zz", "a").has_value());
    EXPECT_FALSE(query_value("a=%00", "a").has_value());
}

}  // namespace
}  // namespace chatterlink::net
