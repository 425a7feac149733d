#include "apps/client_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "apps/client_utf8.hpp"

namespace {

using namespace chatterlink::apps;

const client_look plain{};
const client_look marked{.marks = true, .colour = false, .unicode = true};
const client_look coloured{.marks = true, .colour = true, .unicode = true};

class shown_lines : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC0", 1);
        ::tzset();
    }
    static constexpr std::time_t noon = 12 * 3600 + 5 * 60;
};

TEST_F(shown_lines, WithoutATerminalIsItsBytesAndANewline) {
    const std::string bytes("\x1b[31m\xff\0x", 8);
    EXPECT_EQ(shown_line(line_origin::network, bytes, plain, noon), bytes + "\n");
    EXPECT_EQ(shown_line(line_origin::network, "", plain, noon), "\n");
}

TEST_F(shown_lines, OnATerminalHasTheTimeAndSaysWhoSpeaks) {
    EXPECT_EQ(shown_line(line_origin::network, "hi", marked, noon), "12:05 hi\n");
    EXPECT_EQ(shown_line(line_origin::own, "hi", marked, noon), "12:05 you: hi\n");
    EXPECT_EQ(shown_line(line_origin::program, "hi", marked, noon), "12:05 * hi\n");
    EXPECT_EQ(shown_line(line_origin::network, "! no", marked, noon), "12:05 ! no\n");
}

TEST_F(shown_lines, ColoursTellMessagesRefusalsAndNoticesApart) {
    const std::string time = "\x1b[2m12:05 \x1b[0m";
    EXPECT_EQ(shown_line(line_origin::network, "hi", coloured, noon), time + "hi\n");
    EXPECT_EQ(shown_line(line_origin::network, "! no", coloured, noon), time + "\x1b[31m! no\x1b[0m\n");
    EXPECT_EQ(shown_line(line_origin::network, "* by", coloured, noon), time + "\x1b[2m* by\x1b[0m\n");
    EXPECT_EQ(shown_line(line_origin::own, "! hi", coloured, noon), time + "\x1b[32myou:\x1b[0m ! hi\n");
    EXPECT_EQ(shown_line(line_origin::program, "hi", coloured, noon), time + "\x1b[2m* hi\x1b[0m\n");
}

TEST_F(shown_lines, IsMadeHarmlessWhoeverSaidIt) {
    for (const auto origin : {line_origin::network, line_origin::own, line_origin::program}) {
        const std::string shown = shown_line(origin, "\x1b[2J", marked, noon);
        EXPECT_EQ(shown.find('\x1b'), std::string::npos);
        EXPECT_NE(shown.find("\xe2\x90\x9b[2J"), std::string::npos);
    }
}

TEST(Harmless, LeavesTextAlone) {
    const std::string text =
        "tab\t a\xc3\xa4 \xe6\xbc\xa2 \xf0\x9f\x98\x80 e\xcc\x81 "
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7";
    EXPECT_EQ(harmless(text, true), text);
    EXPECT_EQ(harmless("", true), "");
}

TEST(Harmless, ControlsBecomePictures) {
    EXPECT_EQ(harmless(std::string("\0\x07\x1b\r\n\x7f", 6), true),
              "\xe2\x90\x80\xe2\x90\x87\xe2\x90\x9b\xe2\x90\x8d\xe2\x90\x8a\xe2\x90\xa1");
    EXPECT_EQ(harmless(std::string("\0\x07\x1b\r\n\x7f", 6), false), "^@^G^[^M^J^?");
}

TEST(Harmless, C1ControlsAndReorderingCharactersAreNamed) {
    EXPECT_EQ(harmless("a\xc2\x9b"
                       "31m",
                       true),
              "a<U+009B>31m");
    EXPECT_EQ(harmless("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8", true), "<U+202E><U+2066><U+2028>");
    EXPECT_EQ(harmless("\xf3\xa0\x80\x81", true), "<U+E0001>");
    EXPECT_EQ(harmless("\xf3\xa0\x81\xa7", true), "\xf3\xa0\x81\xa7") << "part of a flag";
}

TEST(Harmless, InvalidUtf8BecomesTheReplacementCharacter) {
    const std::string mark = "\xef\xbf\xbd";
    EXPECT_EQ(harmless("a\xff"
                       "b",
                       true),
              "a" + mark + "b");
    EXPECT_EQ(harmless("\xc0\x9b", true), mark + mark) << "an overlong escape";
    EXPECT_EQ(harmless("\xed\xa0\x80", true), mark + mark + mark);
    EXPECT_EQ(harmless("\xe2\x82", true), mark) << "cut off at the end: once";
    EXPECT_EQ(harmless("\xff\xc3\xa4", false), "??");
}

TEST(Harmless, NothingThatControlsATerminalComesOutOfAnyBytes) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 64, '\0');
        for (char& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() % 0x20 : random());
        for (const bool unicode : {true, false}) {
            std::string_view rest;
            const std::string shown = harmless(bytes, unicode);
            for (rest = shown; !rest.empty();) {
                const auto c = first_character(rest);
                ASSERT_EQ(c.what, utf8_character::kind::whole);
                ASSERT_TRUE(c.value == '\t' || c.value >= 0x20);
                ASSERT_FALSE(c.value >= 0x7F && c.value <= 0x9F);
                rest.remove_prefix(c.length);
            }
        }
    }
}

TEST(FirstCharacter, ReadsBackEveryCharacterThatIsAppended) {
    for (char32_t c = 1; c <= 0x10FFFF; c += c < 0x11000 ? 1 : 97) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        std::string text;
        append_character(text, c);
        const auto read = first_character(text);
        ASSERT_EQ(read.what, utf8_character::kind::whole) << std::hex << static_cast<unsigned>(c);
        ASSERT_EQ(read.value, c);
        ASSERT_EQ(read.length, text.size());
        for (std::size_t i = 1; i < text.size(); ++i) {
            ASSERT_EQ(first_character(text.substr(0, i)).what, utf8_character::kind::unfinished);
        }
    }
}

}  // namespace
