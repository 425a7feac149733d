// The line protocol's decoder: the first byte of the input chooses the limit of a line, the rest is what a
// peer sends.
#include "chat/line_protocol.hpp"

#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace chatterlink::fuzzing {
namespace {

using chat::line_decoder;
using chat::line_item;

struct kept_item {  // an item whose text outlives the decoder's next call
    line_item::kind what;
    std::string text;
    bool operator==(const kept_item&) const = default;
};

void keep(std::span<const line_item> items, std::vector<kept_item>& into) {
    for (const auto& each : items) into.push_back({each.what, std::string(each.text)});
}

void check_bounds(const line_decoder& decoder, std::size_t limit) {
    require(decoder.waiting() <= limit + 1, "at most one line, and its carriage return, is held");
    require(decoder.deadline().has_value() == (decoder.waiting() > 0),
            "there is a deadline while text waits");
}

std::vector<kept_item> decode(std::string_view bytes, line_decoder::options how, bool in_pieces) {
    line_decoder decoder(how);
    std::vector<kept_item> items;
    cutter pieces(bytes);
    while (!pieces.done()) {
        keep(decoder.feed(in_pieces ? pieces.next() : bytes, {}), items);
        check_bounds(decoder, how.limit);
        if (!in_pieces) break;
    }
    keep(decoder.finish(), items);
    require(decoder.waiting() == 0, "nothing waits after the end");
    return items;
}

void check_item(const kept_item& item, std::size_t limit) {
    if (item.what != line_item::kind::line) return require(item.text.empty(), "a refused line has no text");
    require(item.text.size() <= limit, "no line is longer than the limit");
    require(item.text.find('\n') == std::string::npos, "a line holds no line end");
    require(item.text.find('\0') == std::string::npos && is_utf8(item.text), "a line is UTF-8 without NUL");

    const auto parsed = chat::parse_line(item.text);
    require(inside(parsed.text, item.text) && inside(parsed.word, item.text),
            "a parsed line is a view of the line");
    if (parsed.command) {
        const auto refusal = chat::refusal_text(chat::unknown_command(parsed.word));
        require(is_utf8(refusal) && refusal.find('\n') == std::string::npos,
                "a refusal is one line of UTF-8");
    } else {
        require(item.text == parsed.text || item.text == "/" + std::string(parsed.text),
                "a message is the line itself, or what follows the first of two slashes");
    }
}

// Silences anywhere: the bounds hold, and no byte is lost or made up before the decoder closes.
void with_silences(std::string_view bytes, line_decoder::options how) {
    line_decoder decoder(how);
    std::vector<kept_item> items;
    base::steady_time now{};
    cutter pieces(bytes);
    while (!pieces.done()) {
        const auto piece = pieces.next();
        keep(decoder.feed(piece, now), items);
        check_bounds(decoder, how.limit);
        now += base::milliseconds(piece.size() * 7 % 50);
        keep(decoder.expire(now), items);
        check_bounds(decoder, how.limit);
    }
    keep(decoder.finish(), items);
    std::size_t size = 0;
    for (const auto& each : items) size += each.text.size();
    require(size <= bytes.size(), "lines hold no more than was sent");
}

}  // namespace

void fuzz(std::string_view input) {
    if (input.empty()) return;
    const std::size_t limit = 1 + static_cast<unsigned char>(input[0]) % 64;
    const auto bytes = input.substr(1);

    const line_decoder::options strict{limit, true};
    const auto items = decode(bytes, strict, false);
    for (const auto& each : items) check_item(each, limit);
    for (std::size_t i = 0; i + 1 < items.size(); ++i)
        require(items[i].what != line_item::kind::too_long, "nothing comes after a line that is too long");
    require(decode(bytes, strict, true) == items, "lines do not depend on where the network cut");

    const line_decoder::options lenient{limit, false};
    const auto all = decode(bytes, lenient, false);
    for (const auto& each : all)
        require(each.what == line_item::kind::line && each.text.size() <= limit,
                "a lenient decoder refuses nothing and gives no more than the limit at once");
    require(decode(bytes, lenient, true) == all,
            "lenient lines do not depend on where the network cut either");
    with_silences(bytes, strict);
    with_silences(bytes, lenient);
}

}  // namespace chatterlink::fuzzing
