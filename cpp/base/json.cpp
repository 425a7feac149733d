#include "base/json.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "base/utf8.hpp"

namespace chatterlink::base {
namespace {

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

}  // namespace

result<json> parse_json(std::string_view text) {
    // nlohmann's lexer takes a NUL for the end, whatever follows.
    if (text.find('\0') != std::string_view::npos) return fail(errc::bad_payload, "malformed JSON");
    return parse(text, json::input_format_t::json);
}

result<json> parse_msgpack(std::string_view bytes) {
    return parse(bytes, json::input_format_t::msgpack);
}

}  // namespace chatterlink::base
