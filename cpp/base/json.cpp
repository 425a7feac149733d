#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/utf8.hpp"

namespace chatterlink::base {
namespace {

// Builds the value from what a parser reports, and stops it (false) at the first thing that is not wanted: so
// nothing deep is ever built, and no parser recurses further than the bound. Called by nlohmann's parsers.
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

// What Boost.JSON's parser reports, told to a builder.
class text_events {
  public:
    using error_code = boost::json::error_code;
    using text = boost::json::string_view;

    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = unlimited;
    static constexpr std::size_t max_object_size = unlimited;
    static constexpr std::size_t max_string_size = unlimited;
    static constexpr std::size_t max_key_size = unlimited;

    explicit text_events(builder& told) : told_(told) {}

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_null(error_code& stop) { return go_on(told_.null(), stop); }
    bool on_bool(bool value, error_code& stop) { return go_on(told_.boolean(value), stop); }
    bool on_int64(std::int64_t value, text, error_code& stop) {
        return go_on(value < 0 ? told_.number_integer(value)
                               : told_.number_unsigned(static_cast<std::uint64_t>(value)),
                     stop);
    }
    bool on_uint64(std::uint64_t value, text, error_code& stop) {
        return go_on(told_.number_unsigned(value), stop);
    }
    bool on_number_part(text part, error_code&) {
        digits_.append(part);
        return true;
    }
    // Boost 1.81 gives the nearest value or one beside it; a number must come out as it went in. What is out
    // of range from_chars leaves as Boost has it: 0 or infinity.
    bool on_double(double value, text rest, error_code& stop) {
        digits_.append(rest);
        std::from_chars(digits_.data(), digits_.data() + digits_.size(), value);
        digits_.clear();
        return go_on(told_.number_float(value, digits_), stop);
    }
    bool on_string_part(text part, std::size_t, error_code&) {
        characters_.append(part);
        return true;
    }
    bool on_string(text rest, std::size_t, error_code& stop) {
        characters_.append(rest);
        const bool good = told_.string(characters_);
        characters_.clear();
        return go_on(good, stop);
    }
    bool on_key_part(text part, std::size_t size, error_code& stop) {
        return on_string_part(part, size, stop);
    }
    bool on_key(text rest, std::size_t, error_code& stop) {
        characters_.append(rest);
        const bool good = told_.key(characters_);
        characters_.clear();
        return go_on(good, stop);
    }
    bool on_object_begin(error_code& stop) { return go_on(told_.start_object(unlimited), stop); }
    bool on_object_end(std::size_t, error_code& stop) { return go_on(told_.end_object(), stop); }
    bool on_array_begin(error_code& stop) { return go_on(told_.start_array(unlimited), stop); }
    bool on_array_end(std::size_t, error_code& stop) { return go_on(told_.end_array(), stop); }
    bool on_comment_part(text, error_code&) { return true; }
    bool on_comment(text, error_code&) { return true; }

  private:
    static bool go_on(bool good, error_code& stop) {
        if (!good) stop = boost::json::error::exception;  // any: the builder knows why
        return good;
    }

    builder& told_;
    std::string digits_;
    std::string characters_;
};

result<json> fail_because(const char* trouble) {
    return fail(errc::bad_payload, trouble != nullptr ? trouble : "malformed JSON");
}

}  // namespace

result<json> parse_json(std::string_view text) {
    builder b(text.size(), false);
    boost::json::parse_options strict;
    strict.max_depth = max_json_depth;
    boost::json::basic_parser<text_events> parser(strict, b);
    boost::json::error_code failed;
    const auto read = parser.write_some(false, text.data(), text.size(), failed);
    if (failed == boost::json::error::too_deep) return fail_because("nested too deep");
    if (failed == boost::json::error::exponent_overflow) return fail_because("an exponent out of range");
    if (failed || read != text.size()) return fail_because(b.trouble());
    return result<json>(boost::system::in_place_value, b.take());
}

result<json> parse_msgpack(std::string_view bytes) {
    builder b(bytes.size(), true);
    if (!json::sax_parse(bytes.begin(), bytes.end(), &b, json::input_format_t::msgpack) ||
        b.trouble() != nullptr)
        return fail_because(b.trouble());
    return result<json>(boost::system::in_place_value, b.take());
}

}  // namespace chatterlink::base
