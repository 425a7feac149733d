// How lines look: what came from the network made harmless, time stamps, colours. No terminal needed.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace chatterlink::apps {

/// What the output can show.
struct client_look {
    bool marks = false;    // it is a terminal: time stamps, nothing that could control it
    bool colour = false;   // and it has colours
    bool unicode = false;  // and its character set is UTF-8
};

/// Looks at standard output, TERM, NO_COLOR (https://no-color.org) and the locale, which must be set.
client_look look_of_standard_output();

enum class line_origin {
    network,  // somebody's message or the server's own line; "! " and "* " tell which, as a hint
    own,      // typed here
    program,  // this program's own words
};

/// One line with its newline. Where `look.marks` is false: exactly the bytes and a newline. Else the time
/// (local, HH:MM) stands before it, "you: " before the user's own lines and "* " before the program's, and
/// nothing in it can control the terminal.
std::string shown_line(line_origin origin, std::string_view text, const client_look& look, std::time_t now);

/// Control characters (C0, DEL, C1), invisible characters that reorder or hide text, and bytes that are no
/// UTF-8 become visible stand-ins; a tab stays. Without unicode everything outside ASCII becomes '?',
/// controls ^X.
std::string harmless(std::string_view text, bool unicode);

}  // namespace chatterlink::apps
