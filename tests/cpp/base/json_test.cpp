#include "base/json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/clock.hpp"

namespace chatterlink::base {
namespace {

using namespace std::string_literals;

bool refused(std::string_view text) {
    const auto parsed = parse_json(text);
    if (parsed) return false;
    EXPECT_EQ(parsed.error().code, errc::bad_payload);
    EXPECT_FALSE(parsed.error().message.empty());
    return true;
}

std::string nested(std::size_t depth, char open, char close, std::string inside = {}) {
    return std::string(depth, open) + inside + std::string(depth, close);
}

TEST(json, reads_ordinary_values) {
    EXPECT_EQ(parse_json(R"({"a":[1,-2.5,true,null,"é😀"]})").value()["a"][4], "é😀");
    EXPECT_EQ(parse_json("18446744073709551615").value(), 18446744073709551615u);
    EXPECT_EQ(parse_json("\"\\ud83d\\ude00\"").value(), "😀");
}

TEST(json, takes_32_levels_and_refuses_33) {
    EXPECT_FALSE(refused(nested(32, '[', ']')));
    EXPECT_TRUE(refused(nested(33, '[', ']')));
    std::string objects = "1";
    for (int i = 0; i < 32; ++i) objects = "{\"a\":" + objects + "}";
    EXPECT_FALSE(refused(objects));
    EXPECT_TRUE(refused("[" + objects + "]"));
}

TEST(json, refuses_100_000_opening_brackets_at_once) {
    const auto before = steady_now();
    EXPECT_TRUE(refused(std::string(100'000, '[')));
    EXPECT_TRUE(refused(nested(1'000'000, '[', ']')));
    EXPECT_LT(steady_now() - before, milliseconds(2'000));
}

TEST(json, counts_depth_not_the_number_of_brackets) {
    std::string row = "[";
    for (int i = 0; i < 1'000; ++i) row += "[{}],";
    EXPECT_FALSE(refused(row + "0]"));
}

TEST(json, brackets_inside_strings_do_not_count) {
    const std::string brackets(100, '[');
    EXPECT_EQ(parse_json("[\"" + brackets + "\"]").value()[0], brackets);
    EXPECT_EQ(parse_json(R"(["\"[[[\\","[","{"])").value().size(), 3u);
    // An escaped quote does not end the string, so what follows is inside it still …
    EXPECT_FALSE(refused("\"\\\"" + brackets + "\""));
    // … and an escaped backslash before the quote does not save it.
    EXPECT_TRUE(refused("[\"\\\\\"," + brackets + nested(100, '[', ']') + "]"));
}

TEST(json, refuses_numbers_out_of_range) {
    EXPECT_TRUE(refused("1e400"));
    EXPECT_TRUE(refused("[-1e400]"));
    EXPECT_FALSE(refused("1e300"));
}

TEST(json, refuses_lone_surrogates) {
    EXPECT_TRUE(refused(R"("\ud800")"));
    EXPECT_TRUE(refused(R"("\ude00")"));
    EXPECT_TRUE(refused(R"("\ud800A")"));
    EXPECT_TRUE(refused("\"\xed\xa0\x80\""));  // the same, encoded
}

TEST(json, refuses_text_that_is_not_utf_8) {
    EXPECT_TRUE(refused("\"\xff\""));
    EXPECT_TRUE(refused("\"\xc0\xaf\""));          // overlong
    EXPECT_TRUE(refused("\"\xf4\x90\x80\x80\""));  // above U+10FFFF
    EXPECT_TRUE(refused("\"\xe2\x82\""));          // cut off
}

TEST(json, refuses_what_is_malformed_or_goes_on_after_the_value) {
    for (const auto* text : {"", " ", "{", "[1,]", "{\"a\":}", "{'a':1}", "[1] x", "1 2", "nul", "NaN",
                             "Infinity", "01", "\"", "\"\\\"", "]", "}{"}) {
        EXPECT_TRUE(refused(text)) << text;
    }
    EXPECT_TRUE(refused("\"a\nb\""));   // a raw control character
    EXPECT_TRUE(refused("\"a\0b\""s));  // NUL
}

TEST(json, of_duplicate_keys_the_last_one_counts) {
    EXPECT_EQ(parse_json(R"({"a":1,"a":2})").value(), (json{{"a", 2}}));
}

TEST(json, prototype_names_are_plain_keys) {
    EXPECT_EQ(parse_json(R"({"__proto__":{"x":1},"constructor":2})").value().size(), 2u);
}

TEST(json, printing_replaces_invalid_utf_8_instead_of_throwing) {
    EXPECT_EQ(dump_json(json{{"a", "x\xff y"}}), "{\"a\":\"x\xef\xbf\xbd y\"}");
}

}  // namespace
}  // namespace chatterlink::base
