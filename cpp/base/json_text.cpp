#include "base/json_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "base/utf8.hpp"

namespace chatterlink::base {
namespace {

// What nlohmann's serializer writes; for all that is rare.
void append_as_library(std::string& to, const json& value) {
    to.append(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

// What is to be done with a byte of a text.
enum class care : std::uint8_t { none, escape, check_utf8 };

constexpr std::array<care, 256> cares = [] {
    std::array<care, 256> each{};
    for (std::size_t c = 0; c < 0x20; ++c) each[c] = care::escape;
    for (std::size_t c = 0x80; c < each.size(); ++c) each[c] = care::check_utf8;
    each['"'] = each['\\'] = care::escape;
    return each;
}();

// How many bytes at the front of a text are plain ASCII that goes as it is; looks at eight at a time, so it
// may be less than there are.
std::size_t plain_front(std::string_view text) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t high = each * 0x80;
    // The high bit of a byte is set if it is zero, or its own or a lower one's borrow has set it: never unset
    // for a byte that is zero.
    const auto has_zero = [](std::uint64_t eight) { return (eight - each) & ~eight & high; };
    std::size_t n = 0;
    for (; n + 8 <= text.size(); n += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + n, 8);
        const auto below_space = (eight - each * 0x20) & ~eight & high;
        if (((eight & high) | below_space | has_zero(eight ^ (each * '"')) |
             has_zero(eight ^ (each * '\\'))) != 0)
            break;
    }
    return n;
}

void append_escaped(std::string& to, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view named = "\"\\\b\f\n\r\t";
    constexpr std::string_view names = "\"\\bfnrt";
    to.push_back('\\');
    if (const auto at = named.find(c); at != std::string_view::npos) return to.push_back(names[at]);
    const auto code = static_cast<unsigned char>(c);
    to.append("u00").push_back(hex[code >> 4]);
    to.push_back(hex[code & 15]);
}

template <class Number>
void append_number(std::string& to, Number number) {
    std::array<char, std::numeric_limits<Number>::digits10 + 2> digits;  // and a sign
    to.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
}

}  // namespace

// The parts that need no escape go as they are.
void append_json_text(std::string& to, std::string_view text) {
    const std::size_t before = to.size();
    bool ascii = true;  // so far; what follows then is known to be UTF-8
    to.push_back('"');
    for (std::size_t from = 0;;) {
        std::size_t end = from + plain_front(text.substr(from));
        for (; end < text.size(); ++end) {
            const auto needs = cares[static_cast<unsigned char>(text[end])];
            if (needs == care::none || (needs == care::check_utf8 && !ascii)) continue;
            if (needs == care::escape) break;
            if (!is_utf8(text.substr(end))) {
                to.resize(before);
                return append_as_library(to, json(text));
            }
            ascii = false;
        }
        to.append(text.substr(from, end - from));
        if (end == text.size()) break;
        append_escaped(to, text[end]);
        from = end + 1;
    }
    to.push_back('"');
}

void append_json(std::string& to, const json& value) {
    switch (value.type()) {
        case json::value_t::string:
            return append_json_text(to, value.get_ref<const std::string&>());
        case json::value_t::number_unsigned:
            return append_number(to, value.get_ref<const json::number_unsigned_t&>());
        case json::value_t::number_integer:
            return append_number(to, value.get_ref<const json::number_integer_t&>());
        case json::value_t::boolean:
            to.append(value.get_ref<const bool&>() ? "true" : "false");
            return;
        case json::value_t::array: {
            to.push_back('[');
            bool first = true;
            for (const auto& each : value) {
                if (!std::exchange(first, false)) to.push_back(',');
                append_json(to, each);
            }
            return to.push_back(']');
        }
        case json::value_t::object: {
            to.push_back('{');
            bool first = true;
            for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
                if (!std::exchange(first, false)) to.push_back(',');
                append_json_text(to, name);
                to.push_back(':');
                append_json(to, member);
            }
            return to.push_back('}');
        }
        default:  // null, fractions, binaries
            return append_as_library(to, value);
    }
}

void json_object_text::name(json_name member) {
    text_.append(text_.size() > 1 ? ",\"" : "\"").append(member.text()).append("\":");
}

json_object_text& json_object_text::text(json_name member, std::string_view value) {
    name(member);
    append_json_text(text_, value);
    return *this;
}

json_object_text& json_object_text::number(json_name member, std::int64_t value) {
    name(member);
    append_number(text_, value);
    return *this;
}

json_object_text& json_object_text::number(json_name member, std::uint64_t value) {
    name(member);
    append_number(text_, value);
    return *this;
}

json_object_text& json_object_text::flag(json_name member, bool value) {
    name(member);
    text_.append(value ? "true" : "false");
    return *this;
}

}  // namespace chatterlink::base
