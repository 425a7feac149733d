#include "base/json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace chatterlink::base {
namespace {

// Whether the text is UTF-8 (RFC 3629 §4): no overlong form, no surrogate, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned char first = at(i);
        if (first < 0x80) {
            ++i;
            continue;
        }
        const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4 || text.size() - i <= more) return false;
        const unsigned char second = at(i + 1);
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
            return false;
        }
        for (std::size_t n = 1; n <= more; ++n) {
            if ((at(i + n) & 0xc0) != 0x80) return false;
        }
        i += more + 1;
    }
    return true;
}

// Builds the value from what nlohmann's parsers report, and stops them (false) at the first thing that is not
// wanted: so nothing deep is ever built, and no parser recurses further than the bound.
class builder {
  public:
    /// `input`: its size, which no element's length can exceed.
    builder(std::size_t input, bool checks_text) : input_(input), checks_text_(checks_text) {}

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(json::number_integer_t value) { return put(value); }
    bool number_unsigned(json::number_unsigned_t value) { return put(value); }
    bool number_float(json::number_float_t value, const json::string_t&) {
        return std::isfinite(value) ? put(value) : stop("a number that is not finite");
    }
    bool string(json::string_t& value) {
        if (checks_text_ && !is_utf8(value)) return stop("text that is not UTF-8");
        return put(std::move(value));
    }
    bool binary(json::binary_t& value) {
        if (value.has_subtype() && value.subtype() == 0 && value.size() == 1 && value[0] == 0)
            return put(nullptr);
        return put(json(std::move(value)));
    }
    bool start_object(std::size_t size) { return open(json::object(), size); }
    bool start_array(std::size_t size) { return open(json::array(), size); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(json::string_t& name) {
        if (checks_text_ && !is_utf8(name)) return stop("text that is not UTF-8");
        auto& object = stack_.back()->get_ref<json::object_t&>();
        const auto [place, added] = object.try_emplace(std::move(name));
        if (!added) return stop("a key twice in one object");
        member_ = &place->second;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const json::exception&) {
        return stop("malformed JSON");
    }

    json take() { return std::move(root_); }
    const char* trouble() const noexcept { return trouble_; }

  private:
    json* place(json&& value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        if (stack_.back()->is_array()) return &stack_.back()->emplace_back(std::move(value));
        *member_ = std::move(value);
        return member_;
    }
    bool put(json value) {
        place(std::move(value));
        return true;
    }
    bool open(json container, std::size_t size) {
        if (stack_.size() == max_json_depth) return stop("nested too deep");
        if (size != static_cast<std::size_t>(-1) && size > input_) return stop("a length beyond the end");
        stack_.push_back(place(std::move(container)));
        return true;
    }
    bool close() {
        stack_.pop_back();
        return true;
    }
    bool stop(const char* why) {
        if (trouble_ == nullptr) trouble_ = why;
        return false;
    }

    const std::size_t input_;
    const bool checks_text_;  // where the parser does not
    json root_;
    std::vector<json*> stack_;  // the containers that are open, the outermost first
    json* member_ = nullptr;    // of the innermost one, whose value comes next
    const char* trouble_ = nullptr;
};

result<json> parse(std::string_view input, json::input_format_t format) {
    builder b(input.size(), format != json::input_format_t::json);
    if (!json::sax_parse(input.begin(), input.end(), &b, format) || b.trouble() != nullptr)
        return fail(errc::bad_payload, b.trouble() != nullptr ? b.trouble() : "malformed JSON");
    return result<json>(boost::system::in_place_value, b.take());
}

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

// The parts that need no escape as they are.
void append_text(std::string& to, const std::string& text) {
    const std::size_t before = to.size();
    bool ascii = true;  // so far; what follows then is known to be UTF-8
    to.push_back('"');
    for (std::size_t from = 0;;) {
        std::size_t end = from;
        for (; end < text.size(); ++end) {
            const auto needs = cares[static_cast<unsigned char>(text[end])];
            if (needs == care::none || (needs == care::check_utf8 && !ascii)) continue;
            if (needs == care::escape) break;
            if (!is_utf8(std::string_view(text).substr(end))) {
                to.resize(before);
                return append_as_library(to, text);
            }
            ascii = false;
        }
        to.append(text, from, end - from);
        if (end == text.size()) break;
        append_escaped(to, text[end]);
        from = end + 1;
    }
    to.push_back('"');
}

template <class Number>
void append_number(std::string& to, Number number) {
    std::array<char, std::numeric_limits<Number>::digits10 + 2> digits;  // and a sign
    to.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
}

}  // namespace

void append_json(std::string& to, const json& value) {
    switch (value.type()) {
        case json::value_t::string:
            return append_text(to, value.get_ref<const std::string&>());
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
                append_text(to, name);
                to.push_back(':');
                append_json(to, member);
            }
            return to.push_back('}');
        }
        default:  // null, fractions, binaries
            return append_as_library(to, value);
    }
}

result<json> parse_json(std::string_view text) {
    // nlohmann's lexer takes a NUL for the end, whatever follows.
    if (text.find('\0') != std::string_view::npos) return fail(errc::bad_payload, "malformed JSON");
    return parse(text, json::input_format_t::json);
}

result<json> parse_msgpack(std::string_view bytes) {
    return parse(bytes, json::input_format_t::msgpack);
}

}  // namespace chatterlink::base
