// JSON written as text. Every broadcast and every answer goes through here, so this is ours and not the
// library's serializer, whose text it gives in half of the time (`make bench-micro`, json_append and
// json_dump).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace chatterlink::base {

/// Appends compact text: what value.dump(-1, ' ', false, json::error_handler_t::replace) gives, invalid UTF-8
/// inside strings as U+FFFD.
void append_json(std::string& to, const json& value);

/// The same for a string: in quotes, with what has to be escaped.
void append_json_text(std::string& to, std::string_view text);

/// The same as a text of its own.
inline std::string dump_json(const json& value) {
    std::string text;
    append_json(text, value);
    return text;
}

/// Appends an array: `append(to, each)` appends the JSON of one of the elements.
template <class Range, class Append>
void append_json_list(std::string& to, const Range& elements, Append append) {
    char before = '[';
    for (const auto& each : elements) {
        to.push_back(std::exchange(before, ','));
        append(to, each);
    }
    if (before == '[') to.push_back('[');
    to.push_back(']');
}

/// A literal that goes into quotes as it is; another one does not compile.
class json_name {
  public:
    template <std::size_t size>
    consteval json_name(const char (&literal)[size]) : text_(literal, size - 1) {
        for (const char c : text_) {
            if (c < ' ' || c > '~' || c == '"' || c == '\\') throw "this name would have to be escaped";
        }
    }
    std::string_view text() const noexcept { return text_; }

  private:
    std::string_view text_;
};

/// One object, member by member, in the order given; a name is given once. For what is sent so often that
/// building values only to print them would show.
class json_object_text {
  public:
    /// `room`: bytes it will have, roughly.
    explicit json_object_text(std::size_t room = 256) {
        text_.reserve(room);
        text_.push_back('{');
    }

    json_object_text& text(json_name member, std::string_view value);
    json_object_text& number(json_name member, std::int64_t value);
    json_object_text& number(json_name member, std::uint64_t value);
    json_object_text& flag(json_name member, bool value);
    /// What is JSON already.
    json_object_text& raw(json_name member, std::string_view text) {
        name(member);
        text_.append(text);
        return *this;
    }
    /// An array, as append_json_list() makes it.
    template <class Range, class Append>
    json_object_text& list(json_name member, const Range& elements, Append append) {
        name(member);
        append_json_list(text_, elements, append);
        return *this;
    }

    /// The whole object; nothing can be added then.
    std::string take() && {
        text_.push_back('}');
        return std::move(text_);
    }

  private:
    void name(json_name member);
    std::string text_;
};

}  // namespace chatterlink::base
