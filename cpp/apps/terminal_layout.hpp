// Where libedit has drawn the typed line. It does not tell, and who wants to print above it must know.
#pragma once

#include <cstddef>
#include <string_view>

namespace chatterlink::apps {

/// The rows the prompt and the input take, and the row of the cursor, both counted from the prompt's row (0).
struct terminal_extent {
    int cursor_row = 0;
    int last_row = 0;

    bool operator==(const terminal_extent&) const = default;
};

/// Follows libedit's own rules for drawing (refresh.c of libedit 3.1: re_addc, re_putc, re_nextline): tabs go
/// to the next multiple of 8, control characters are drawn as ^X, wide characters do not straddle the edge, a
/// row that is exactly full goes on in the next, a newline begins one (incremental search shows its pattern
/// so). `cursor` is an index into `input`. Sizes below 1 count as 1. Uses the locale's wcwidth().
terminal_extent layout_of(int prompt_columns, std::wstring_view input, std::size_t cursor, int columns,
                          int rows);

}  // namespace chatterlink::apps
