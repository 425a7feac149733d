#include "load/message_text.hpp"

#include <algorithm>

namespace chatterlink::load {
namespace {

constexpr char padding = '.';

void write_digits(char* to, std::uint64_t value, int digits) noexcept {
    for (int i = digits - 1; i >= 0; --i, value >>= 4U) to[i] = "0123456789abcdef"[value & 0xFU];
}

}  // namespace

message_text::message_text(std::uint32_t run, std::size_t size)
    : text_(std::max(size, least_text_size), padding) {
    text_.replace(0, 4, "cLb:");
    write_digits(text_.data() + 4, run, 4);
    write({});
}

std::string_view message_text::write(const text_fields& fields) noexcept {
    char* const numbers = text_.data() + marker_size;
    write_digits(numbers, fields.sender, 4);
    write_digits(numbers + 4, fields.seq, 8);
    write_digits(numbers + 12, static_cast<std::uint64_t>(fields.scheduled), 16);
    return text_;
}

}  // namespace chatterlink::load
