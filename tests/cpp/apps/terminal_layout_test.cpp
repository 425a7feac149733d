#include "apps/terminal_layout.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

namespace {

using namespace chatterlink::apps;

class terminal_layouts : public testing::Test {
  protected:
    void SetUp() override {
        if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) GTEST_SKIP() << "no UTF-8 locale";
    }
    void TearDown() override { std::setlocale(LC_CTYPE, "C"); }

    static terminal_extent of(std::wstring_view input, std::size_t cursor, int columns = 10, int rows = 24) {
        return layout_of(2, input, cursor, columns, rows);
    }
    static terminal_extent at_end(std::wstring_view input, int columns = 10, int rows = 24) {
        return of(input, input.size(), columns, rows);
    }
    static terminal_extent row(int both) { return {both, both}; }
};

TEST_F(terminal_layouts, CountsRowsFromThePrompt) {
    EXPECT_EQ(at_end(L""), row(0));
    EXPECT_EQ(at_end(L"1234567"), row(0));
    EXPECT_EQ(at_end(L"12345678"), row(1)) << "a full row goes on in the next";
    EXPECT_EQ(at_end(std::wstring(17, L'x')), row(1));
    EXPECT_EQ(at_end(std::wstring(18, L'x')), row(2));
}

TEST_F(terminal_layouts, TellsTheCursorsRow) {
    const std::wstring text(30, L'x');
    EXPECT_EQ(of(text, 0), (terminal_extent{0, 3}));
    EXPECT_EQ(of(text, 7), (terminal_extent{0, 3}));
    EXPECT_EQ(of(text, 8), (terminal_extent{1, 3}));
    EXPECT_EQ(of(text, 30), (terminal_extent{3, 3}));
}

TEST_F(terminal_layouts, WideCharactersDoNotStraddleTheEdge) {
    EXPECT_EQ(at_end(L"漢字漢字"), row(1)) << "2 + 8 fills a row of 10";
    EXPECT_EQ(at_end(L"漢字漢"), row(0));
    EXPECT_EQ(at_end(L"1漢字漢"), row(0));
    EXPECT_EQ(at_end(L"1漢字漢字"), row(1)) << "one column stays empty";
    EXPECT_EQ(of(L"1漢字漢字", 4), (terminal_extent{1, 1})) << "the cursor is where its character is";
}

TEST_F(terminal_layouts, TabsControlsAndNewlinesTakeWhatLibeditDrawsForThem) {
    EXPECT_EQ(at_end(L"\t1"), row(0)) << "to column 8, then 9";
    EXPECT_EQ(at_end(L"\t12"), row(1));
    EXPECT_EQ(at_end(L"12345\x01"), row(0)) << "^A";
    EXPECT_EQ(at_end(L"123456\x01"), row(1));
    EXPECT_EQ(at_end(L"1\n2"), row(1));
    EXPECT_EQ(at_end(L"\xE000"), row(0)) << "private use prints";
    EXPECT_EQ(at_end(L"1\xFFFE"), row(1)) << "\\U+FFFE takes seven";
}

TEST_F(terminal_layouts, NeverHasMoreRowsThanTheTerminal) {
    EXPECT_EQ(at_end(std::wstring(1000, L'x'), 10, 5), row(4));
    EXPECT_EQ(of(std::wstring(1000, L'x'), 0, 10, 5), (terminal_extent{0, 4}));
}

TEST_F(terminal_layouts, SurvivesSenselessSizes) {
    for (const int columns : {-1, 0, 1}) {
        EXPECT_EQ(at_end(L"漢\tx", columns, 0), row(0)) << columns;
    }
}

}  // namespace
