#include "apps/client_text.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "apps/client_utf8.hpp"

namespace chatterlink::apps {
namespace {

constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view normal = "\x1b[0m";

/// Characters that draw nothing and change how others are drawn: they can make a line look like another one.
bool is_treacherous(char32_t c) noexcept {
    return (c >= 0x80 && c <= 0x9F)         // C1 controls; U+009B is an escape sequence of its own
           || c == 0x2028 || c == 0x2029    // line and paragraph separator
           || (c >= 0x202A && c <= 0x202E)  // bidirectional embeddings and overrides
           || (c >= 0x2066 && c <= 0x2069)  // bidirectional isolates
           || (c >= 0xE0000 && c <= 0xE0FFF && (c < 0xE0020 || c > 0xE007F));  // tags, but not those of flags
}

void append_stand_in(std::string& out, char32_t c) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "<U+%04X>", static_cast<unsigned>(c));
    out += text.data();
}

void append_control(std::string& out, unsigned char c, bool unicode) {
    if (!unicode) {
        out += '^';
        out += c == 0x7F ? '?' : static_cast<char>(c + '@');
        return;
    }
    const unsigned char last = c == 0x7F ? 0xA1 : static_cast<unsigned char>(0x80 + c);  // U+2400 + c, U+2421
    out += "\xe2\x90";
    out += static_cast<char>(last);
}

std::string clock_text(std::time_t now) {
    std::tm local{};
    ::localtime_r(&now, &local);
    std::array<char, 16> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%H:%M ", &local);
    return {text.data(), length};
}

std::string coloured(std::string_view colour, std::string_view text, const client_look& look) {
    if (!look.colour) return std::string(text);
    return std::string(colour) + std::string(text) + std::string(normal);
}

}  // namespace

client_look look_of_standard_output() {
    client_look look;
    look.marks = ::isatty(STDOUT_FILENO) != 0;
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool wanted = no_colour == nullptr || *no_colour == '\0';
    const bool able = terminal != nullptr && *terminal != '\0' && std::strcmp(terminal, "dumb") != 0;
    look.colour = look.marks && wanted && able;
    look.unicode = std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
    return look;
}

std::string harmless(std::string_view text, bool unicode) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto [what, character, length] = first_character(text);
        if (what != utf8_character::kind::whole) {
            out += unicode ? "\xef\xbf\xbd" : "?";  // U+FFFD
        } else if (character == '\t') {
            out += '\t';
        } else if (character < 0x20 || character == 0x7F) {
            append_control(out, static_cast<unsigned char>(character), unicode);
        } else if (is_treacherous(character)) {
            append_stand_in(out, character);
        } else if (character >= 0x80 && !unicode) {
            out += '?';
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}

std::string shown_line(line_origin origin, std::string_view text, const client_look& look, std::time_t now) {
    if (!look.marks) return std::string(text) + "\n";
    const std::string body = harmless(text, look.unicode);
    std::string line = coloured(dim, clock_text(now), look);
    if (origin == line_origin::own) {
        line += coloured(green, "you:", look) + " " + body;
    } else if (origin == line_origin::program) {
        line += coloured(dim, "* " + body, look);
    } else if (body.starts_with("! ")) {
        line += coloured(red, body, look);
    } else if (body.starts_with("* ")) {
        line += coloured(dim, body, look);
    } else {
        line += body;
    }
    return line + "\n";
}

}  // namespace chatterlink::apps
