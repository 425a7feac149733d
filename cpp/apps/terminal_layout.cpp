#include "apps/terminal_layout.hpp"

#include <algorithm>
#include <cstdio>
#include <cwchar>
#include <cwctype>

namespace chatterlink::apps {
namespace {

class drawing {
  public:
    explicit drawing(int columns) : columns_(columns) {}

    void put(int width) {
        while (column_ > 0 && column_ + width > columns_)
            step(1);  // libedit pads with spaces before a wide one
        step(width == 0 ? 1 : width);
    }
    void new_row() {
        column_ = 0;
        ++row_;
    }
    int row() const noexcept { return row_; }
    int column() const noexcept { return column_; }

  private:
    void step(int width) {
        column_ += width;
        if (column_ >= columns_) new_row();
    }

    int columns_;
    int row_ = 0;
    int column_ = 0;
};

int width_of(wchar_t c) noexcept {
    return std::max(::wcwidth(c), 0);
}

void draw(drawing& d, wchar_t c) {
    if (c == L'\t') {
        do {
            d.put(1);
        } while (d.column() % 8 != 0);
    } else if (c == L'\n') {
        d.new_row();
    } else if (c < 0x100 && std::iswcntrl(static_cast<wint_t>(c)) != 0) {
        d.put(1);  // ^X
        d.put(1);
    } else if (std::iswprint(static_cast<wint_t>(c)) != 0) {
        d.put(width_of(c));
    } else {
        // \U+1234: two signs, four or five digits
        const int digits = c > 0xFFFF ? 5 : 4;
        for (int i = 0; i < digits + 3; ++i) d.put(1);
    }
}

}  // namespace

terminal_extent layout_of(int prompt_columns, std::wstring_view input, std::size_t cursor, int columns,
                          int rows) {
    columns = std::max(columns, 1);
    rows = std::max(rows, 1);
    drawing d(columns);
    for (int i = 0; i < prompt_columns; ++i) d.put(1);
    int cursor_row = -1;
    for (std::size_t i = 0; i < input.size(); ++i) {
        if (i == cursor) {
            const int width = width_of(input[i]);
            const bool moves_on = width > 1 && d.column() + width > columns;
            cursor_row = d.row() + (moves_on ? 1 : 0);
        }
        draw(d, input[i]);
    }
    if (cursor_row < 0) cursor_row = d.row();
    // What does not fit scrolls away: the drawing never has more rows than the terminal.
    return {std::min(cursor_row, rows - 1), std::min(d.row(), rows - 1)};
}

}  // namespace chatterlink::apps
