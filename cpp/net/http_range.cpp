#include "net/http_range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace chatterlink::net {
namespace {

using kind = content_range::kind;

std::optional<std::uint64_t> number(std::string_view digits) {
    std::uint64_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || end.ec != std::errc{} || end.ptr != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

}  // namespace

content_range select_range(std::string_view range, std::string_view if_range, std::string_view etag,
                           std::uint64_t size) {
    const content_range whole{kind::whole, 0, size};
    constexpr std::string_view unit = "bytes=";
    if (!range.starts_with(unit)) return whole;
    if (!if_range.empty() && if_range != etag) return whole;
    range.remove_prefix(unit.size());
    while (range.starts_with(' ')) range.remove_prefix(1);
    while (range.ends_with(' ')) range.remove_suffix(1);
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return whole;
    const auto last_digits = range.substr(dash + 1);
    const auto last = number(last_digits);
    if (!last && !last_digits.empty()) return whole;
    if (dash == 0) {  // the last so many bytes
        if (!last) return whole;
        const auto n = std::min(*last, size);
        if (n == 0) return {kind::unsatisfiable, 0, 0};
        return {kind::part, size - n, n};
    }
    const auto first = number(range.substr(0, dash));
    if (!first || (last && *last < *first)) return whole;
    if (*first >= size) return {kind::unsatisfiable, 0, 0};
    return {kind::part, *first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

content_range select_range(const exchange& e, std::string_view etag, std::uint64_t size, response& head) {
    head.headers.emplace_back("Accept-Ranges", "bytes");
    if (e.method() != "GET") return {kind::whole, 0, size};
    const auto selected = select_range(e.header("Range"), e.header("If-Range"), etag, size);
    if (selected.what == kind::part) {
        head.status = 206;
        head.headers.emplace_back("Content-Range", "bytes " + std::to_string(selected.first) + "-" +
                                                       std::to_string(selected.first + selected.size - 1) +
                                                       "/" + std::to_string(size));
    } else if (selected.what == kind::unsatisfiable) {
        head.status = 416;
        head.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    }
    return selected;
}

}  // namespace chatterlink::net
