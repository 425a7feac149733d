#include "base/json_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace chatterlink::base {
namespace {

using namespace std::string_literals;

std::string as_the_library_prints(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

TEST(json_text, prints_what_the_library_prints) {
    std::string low;
    for (char c = 0; c < 0x20; ++c) low.push_back(c);
    for (const json& value : std::vector<json>{
             nullptr,
             true,
             false,
             0,
             -1,
             std::numeric_limits<std::int64_t>::min(),
             std::numeric_limits<std::int64_t>::max(),
             std::numeric_limits<std::uint64_t>::max(),
             0.1,
             -1e300,
             3.0,
             std::numeric_limits<double>::infinity(),
             "",
             "plain",
             "\"quoted\" \\ and / and \x7f",
             low,
             "\"",
             "ends with \n",
             "é€😀 \"é\"",
             "a\0b"s,
             json::array(),
             json::object(),
             json::array({1, json::array({"x", json::object()}), nullptr}),
             {{"b", 1}, {"a", {{"é\n\"", "x"}, {"", json::array({1.5})}}}},
             {{"bytes\xff", "\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82"}},
             json::binary({1, 2, 255}),
             json::binary({1}, 7),
         }) {
        EXPECT_EQ(dump_json(value), as_the_library_prints(value));
    }
}

// Text is looked at eight bytes at a time.
TEST(json_text, every_byte_at_every_place_is_printed_as_the_library_does) {
    for (int c = 0; c < 256; ++c) {
        for (std::size_t length = 1; length <= 18; ++length) {
            for (std::size_t at = 0; at < length; ++at) {
                std::string text(length, 'p');
                text[at] = static_cast<char>(c);
                EXPECT_EQ(dump_json(text), as_the_library_prints(text)) << c << " at " << at;
            }
        }
    }
}

TEST(json_text, prints_any_bytes_as_the_library_does) {
    std::mt19937 random(20'260'711);  // a fixed seed: the same texts each time
    std::uniform_int_distribution<int> kinds(0, 3);
    std::uniform_int_distribution<int> lengths(0, 40);
    for (int round = 0; round < 20'000; ++round) {
        // Any bytes; ASCII; whole characters of two bytes; bytes that begin and continue characters.
        const int kind = kinds(random);
        std::uniform_int_distribution<int> bytes(kind == 3 ? 0x80 : 0, kind == 1 ? 0x7f : 0xff);
        std::string text;
        for (int n = lengths(random); n > 0; --n) {
            const auto c = static_cast<unsigned char>(bytes(random));
            if (kind == 2) text.push_back(static_cast<char>(0xc2 | (c & 1)));
            text.push_back(static_cast<char>(kind == 2 ? 0x80 | (c & 0x3f) : c));
        }
        const json value{{text, json::array({text})}};
        ASSERT_EQ(dump_json(value), as_the_library_prints(value)) << "round " << round;
    }
}

TEST(json_text, appends_to_what_is_there) {
    std::string text = "42";
    append_json(text, json::array({"message", 1}));
    EXPECT_EQ(text, R"(42["message",1])");
}

TEST(json_text, printing_replaces_invalid_utf_8_instead_of_throwing) {
    EXPECT_EQ(dump_json(json{{"a", "x\xff y"}}), "{\"a\":\"x\xef\xbf\xbd y\"}");
}

TEST(json_text, an_object_is_written_member_by_member) {
    json_object_text text;
    text.text("a b", "é\n\xff").number("n", std::int64_t{-5}).number("u", ~std::uint64_t{0}).flag("f", false);
    text.list("none", std::vector<std::string>{}, append_json_text);
    text.list("some", std::vector<std::string>{"x", "\"y\""}, append_json_text);
    const json wanted{{"a b", "é\n\xef\xbf\xbd"}, {"n", -5},
                      {"u", ~std::uint64_t{0}},   {"f", false},
                      {"none", json::array()},    {"some", {"x", "\"y\""}}};
    const auto written = std::move(text).take();
    EXPECT_EQ(json::parse(written), wanted) << written;
    EXPECT_EQ(json_object_text().take(), "{}");
}

}  // namespace
}  // namespace chatterlink::base
