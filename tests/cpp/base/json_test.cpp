#include "base/json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <limits>
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
    for (const auto* text : {"1e9999999999", "[1e-9999999999]", "0e9999999999"})
        EXPECT_EQ(parse_json(text).error().message, "an exponent out of range") << text;
}

TEST(json, numbers_come_out_as_they_went_in) {
    for (const auto* text : {"0.1", "0.30000000000000004", "2.2250738585072011e-308", "4.9e-324",
                             "123456789.12345678912345678912345678e-10", "1e23", "-1.7976931348623157E+308"})
        EXPECT_EQ(parse_json(text).value().get<double>(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(parse_json("1e-400").value().get<double>(), 0.0) << "nearest to it";
    EXPECT_TRUE(parse_json("0").value().is_number_unsigned());
    EXPECT_TRUE(parse_json("9223372036854775808").value().is_number_unsigned());
    EXPECT_EQ(parse_json("-9223372036854775808").value(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(parse_json("-0").value().dump(), "0");
    for (const auto* text : {"18446744073709551616", "-9223372036854775809", "1.0", "1e5", "-0.0"})
        EXPECT_TRUE(parse_json(text).value().is_number_float()) << text;
    EXPECT_EQ(parse_json("[1e400]").error().message, "a number that is not finite");
}

TEST(json, reads_what_nlohmanns_writer_writes) {
    const json value{
        {"texts", {"", "plain", "\"\\/\b\f\n\r\t\x01\x7f", "é😀", std::string(5'000, 'x')}},
        {std::string(300, 'k'), {{"é\n", {nullptr, true, false, json::array(), json::object()}}}},
        {"numbers", {0, -1, 1u, 0.5, -1e-7, 1e300}}};
    for (const int indent : {-1, 2})
        for (const bool ascii : {false, true})
            EXPECT_EQ(parse_json(value.dump(indent, ' ', ascii)).value(), value);
}

TEST(json, refuses_a_byte_order_mark_as_javascript_does) {
    EXPECT_TRUE(refused("\xef\xbb\xbf{}"));
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

TEST(json, refuses_a_key_twice_in_one_object) {
    for (const auto* text : {R"({"a":1,"a":2})", R"([{"b":{"a":1,"a":1}}])", R"({"a":1,"\u0061":2})"}) {
        const auto value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().code, errc::bad_payload);
    }
    EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2},{"b":{"a":3}}])")) << "the same key in several";
}

TEST(json, prototype_names_are_plain_keys) {
    EXPECT_EQ(parse_json(R"({"__proto__":{"x":1},"constructor":2})").value().size(), 2u);
}

TEST(json, refuses_a_nul_wherever_it_stands) {
    using namespace std::string_view_literals;
    for (const auto text : {"[1]\0"sv, "[1]\0[2]"sv, "\0"sv, "[\0]"sv, "\"\0\""sv})
        EXPECT_FALSE(parse_json(text));
}

// ---- MessagePack ----

std::string bytes(std::initializer_list<int> all) {
    std::string text;
    for (const int each : all) text.push_back(static_cast<char>(each));
    return text;
}

TEST(json, reads_messagepack) {
    const json value{{"a", {1, -2, 2.5, "text", nullptr, true}}, {"b", json::binary({0, 255})}};
    const auto packed = json::to_msgpack(value);
    const auto back = parse_msgpack({reinterpret_cast<const char*>(packed.data()), packed.size()});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, value);
}

TEST(json, of_messagepack_extension_types_undefined_is_null_and_others_are_binaries) {
    EXPECT_EQ(parse_msgpack(bytes({0x91, 0xd4, 0x00, 0x00})).value(), json::array({nullptr}));
    const auto other = parse_msgpack(bytes({0xd4, 0x05, 0x07})).value();
    ASSERT_TRUE(other.is_binary());
    EXPECT_EQ(other.get_binary().subtype(), 5u);
    EXPECT_TRUE(parse_msgpack(bytes({0xd4, 0x00, 0x07}))->is_binary());
}

TEST(json, refuses_messagepack_beyond_its_bounds) {
    EXPECT_TRUE(parse_msgpack(std::string(31, '\x91') + bytes({0x90})));
    EXPECT_FALSE(parse_msgpack(std::string(32, '\x91') + bytes({0x90}))) << "33 levels";
    EXPECT_FALSE(parse_msgpack(std::string(100'000, '\x91')));
    EXPECT_FALSE(parse_msgpack(bytes({0xdd, 0xff, 0xff, 0xff, 0xff}))) << "an array of four billion";
    EXPECT_FALSE(parse_msgpack(bytes({0xdf, 0xff, 0xff, 0xff, 0xff}))) << "an object of four billion";
    EXPECT_FALSE(parse_msgpack(bytes({0xc6, 0xff, 0xff, 0xff, 0xff, 0}))) << "four billion bytes";
    EXPECT_FALSE(parse_msgpack(bytes({0xdb, 0xff, 0xff, 0xff, 0xff, 0}))) << "a text of four billion";
}

TEST(json, refuses_malformed_messagepack) {
    EXPECT_FALSE(parse_msgpack(""));
    EXPECT_FALSE(parse_msgpack(bytes({0xc1}))) << "never used";
    EXPECT_FALSE(parse_msgpack(bytes({0x91}))) << "cut off";
    EXPECT_FALSE(parse_msgpack(bytes({0xc0, 0xc0}))) << "something behind the value";
    EXPECT_FALSE(parse_msgpack(bytes({0x81, 0x01, 0x01}))) << "a key that is a number";
    EXPECT_FALSE(parse_msgpack(bytes({0x82, 0xa1, 'a', 0x01, 0xa1, 'a', 0x02}))) << "a key twice";
    EXPECT_FALSE(parse_msgpack(bytes({0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0}))) << "not a number";
    EXPECT_FALSE(parse_msgpack(bytes({0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0}))) << "infinity";
}

TEST(json, refuses_messagepack_whose_text_is_not_utf_8) {
    for (const auto& text :
         {bytes({0xff}), bytes({0xc0, 0x80}), bytes({0xed, 0xa0, 0x80}), bytes({0xe2, 0x82}),
          bytes({0xf4, 0x90, 0x80, 0x80}), bytes({0x80}), bytes({0xe0, 0x80, 0x80})}) {
        EXPECT_FALSE(parse_msgpack(bytes({0xa0 + static_cast<int>(text.size())}) + text));
        EXPECT_FALSE(
            parse_msgpack(bytes({0x81, 0xa0 + static_cast<int>(text.size())}) + text + bytes({0xc0})));
    }
    EXPECT_EQ(parse_msgpack("\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80").value(), "é€😀");
}

}  // namespace
}  // namespace chatterlink::base
