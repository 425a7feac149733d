#include "chat/line_protocol.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/ascii.hpp"

namespace chatterlink::chat {
namespace {

using kind = line_item::kind;

// More room than that is given back once it is not needed.
constexpr std::size_t keep_items = 64;
constexpr std::size_t keep_capacity = 1024;

bool is_continuation(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Length of the UTF-8 character that a byte begins, 0 when no character begins so.
std::size_t length_from_lead(unsigned char lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

/// Whether the second byte may follow the first (RFC 3629 §4: no overlong forms, no surrogates, at most
/// U+10FFFF).
bool second_fits(unsigned char lead, unsigned char second) noexcept {
    switch (lead) {
        case 0xE0:
            return second >= 0xA0 && second <= 0xBF;
        case 0xED:
            return second >= 0x80 && second <= 0x9F;
        case 0xF0:
            return second >= 0x90 && second <= 0xBF;
        case 0xF4:
            return second >= 0x80 && second <= 0x8F;
        default:
            return second >= 0x80 && second <= 0xBF;
    }
}

/// True when all of `part` is the valid beginning of a character of more than one byte.
bool begins_character(std::string_view part) noexcept {
    const auto lead = static_cast<unsigned char>(part[0]);
    if (length_from_lead(lead) < 2) return false;
    if (part.size() > 1 && !second_fits(lead, static_cast<unsigned char>(part[1]))) return false;
    return part.size() <= 2 || std::all_of(part.begin() + 2, part.end(), is_continuation);
}

bool ends_within_character(std::string_view text) noexcept {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const std::string_view tail = text.substr(text.size() - back);
        if (is_continuation(tail[0])) continue;
        return length_from_lead(static_cast<unsigned char>(tail[0])) > back && begins_character(tail);
    }
    return false;
}

/// kind::line when the text may be passed on. Runs of ASCII go eight bytes at a time.
kind check(std::string_view text) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t highs = 0x8080808080808080U;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text.size() - i >= sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + i, sizeof word);
            if (((word | ((word - ones) & ~word)) & highs) == 0) {  // no high bit and no zero byte
                i += sizeof word;
                continue;
            }
        }
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead == 0) return kind::nul;
        const std::size_t length = length_from_lead(lead);
        if (length == 0 || length > text.size() - i) return kind::invalid_utf8;
        if (length > 1 && !begins_character(text.substr(i, length))) return kind::invalid_utf8;
        i += length;
    }
    return kind::line;
}

void empty(std::string& buffer) {
    if (buffer.capacity() > keep_capacity) {
        buffer = std::string();
    } else {
        buffer.clear();
    }
}

void append_printable(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? '?' : c;
    }
}

}  // namespace

std::span<const line_item> line_decoder::feed(std::string_view bytes, base::steady_time now) {
    begin();
    while (!bytes.empty() && !closed_) {
        const void* found = std::memchr(bytes.data(), '\n', bytes.size());
        if (found == nullptr) {
            hold(bytes, now);
            break;
        }
        const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        end_of_line(bytes.substr(0, length));
        bytes.remove_prefix(length + 1);
    }
    return items_;
}

std::optional<base::steady_time> line_decoder::deadline() const noexcept {
    if (held_.empty()) return std::nullopt;
    return deadline_;
}

std::optional<base::steady_time> line_decoder::waiting_since() const noexcept {
    if (held_.empty()) return std::nullopt;
    return held_since_;
}

std::span<const line_item> line_decoder::expire(base::steady_time now) {
    begin();
    if (held_.empty() || now < deadline_) return items_;
    if (!extended_ && ends_within_character(held_)) {
        extended_ = true;
        deadline_ += classic_silence;
        if (now < deadline_) return items_;
    }
    if (peer_ == peer::unknown) peer_ = peer::plain;
    flush();
    return items_;
}

std::span<const line_item> line_decoder::finish() {
    begin();
    if (!held_.empty()) flush();
    return items_;
}

void line_decoder::release() noexcept {
    if (items_.capacity() > keep_items) items_ = std::vector<line_item>();
}

void line_decoder::begin() {
    items_.clear();
    empty(joined_);
}

/// A newline was found; `rest_of_line` is what stands before it in the bytes just fed.
void line_decoder::end_of_line(std::string_view rest_of_line) {
    peer_ = peer::framed;
    std::string_view line = rest_of_line;
    if (!held_.empty()) {
        // Not more than the limit is ever copied: beyond it the bytes are only counted.
        if (options_.strict && held_.size() + rest_of_line.size() > options_.limit + 1) return close();
        joined_.swap(held_);
        joined_ += rest_of_line;
        line = joined_;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool ends_flushed_text = std::exchange(after_flush_, false) && line.empty();
    if (!ends_flushed_text) push(line);
}

/// No newline in `rest`: it waits, unless the line is already too long.
void line_decoder::hold(std::string_view rest, base::steady_time now) {
    const std::size_t size = held_.size() + rest.size();
    const std::size_t allowed = options_.limit + (rest.ends_with('\r') ? 1 : 0);
    if (size > allowed) {
        if (options_.strict) return close();
        // Lenient: whole pieces go out; the first may have begun in an earlier call. What may still be the
        // end of the line waits, a carriage return included.
        if (!held_.empty()) {
            joined_.swap(held_);
            joined_ += rest;
            rest = joined_;
        }
        while (rest.size() > allowed) {
            push(rest.substr(0, options_.limit));
            rest.remove_prefix(options_.limit);
        }
    }
    if (held_.empty()) held_since_ = now;
    held_ += rest;
    extended_ = false;
    deadline_ = now + (peer_ == peer::framed ? framed_silence : classic_silence);
}

void line_decoder::push(std::string_view line) {
    if (!options_.strict) {
        while (line.size() > options_.limit) {
            items_.push_back({kind::line, line.substr(0, options_.limit)});
            line.remove_prefix(options_.limit);
        }
        items_.push_back({kind::line, line});
    } else if (line.size() > options_.limit) {
        close();
    } else {
        push_checked(line);
    }
}

void line_decoder::push_checked(std::string_view line) {
    const kind what = check(line);
    items_.push_back({what, what == kind::line ? line : std::string_view{}});
}

/// Silence or the end of the stream ended the line that waits.
void line_decoder::flush() {
    joined_.swap(held_);
    after_flush_ = true;
    extended_ = false;
    push(joined_);
}

void line_decoder::close() {
    closed_ = true;
    empty(held_);
    items_.push_back({kind::too_long, {}});
}

parsed_line parse_line(std::string_view line) noexcept {
    if (!line.starts_with('/')) return {std::nullopt, line, {}};
    line.remove_prefix(1);
    if (line.starts_with('/')) return {std::nullopt, line, {}};

    constexpr std::string_view spaces = " \t";
    const std::size_t end = std::min(line.find_first_of(spaces), line.size());
    const std::string_view word = line.substr(0, end);
    std::string_view argument = line.substr(end);
    argument.remove_prefix(std::min(argument.find_first_not_of(spaces), argument.size()));
    argument = argument.substr(0, argument.find_last_not_of(spaces) + 1);

    constexpr std::array<std::pair<std::string_view, line_command>, 5> words{{{"help", line_command::help},
                                                                              {"name", line_command::name},
                                                                              {"who", line_command::who},
                                                                              {"join", line_command::join},
                                                                              {"quit", line_command::quit}}};
    for (const auto& [known, command] : words) {
        if (base::same_word(word, known)) return {command, argument, word};
    }
    return {line_command::unknown, argument, word};
}

std::string_view help_text() noexcept {
    return "* Every line you send goes to everybody in your room. Commands:\n"
           "*   /name NAME  be listed under this name\n"
           "*   /who        who is in your room\n"
           "*   /join ROOM  go to another room\n"
           "*   /quit       leave\n"
           "*   /help       this list\n"
           "*   //text      sends /text";
}

std::string refusal_text(const base::error& e) {
    std::string text = "! ";
    append_printable(text, e.message.empty() ? base::code_name(e.code) : std::string_view(e.message));
    if (e.retry_after) {
        std::array<char, 48> wait{};
        const double seconds = static_cast<double>(e.retry_after->count()) / 1000.0;
        const int length =
            std::snprintf(wait.data(), wait.size(), " (try again in %.1f s)", std::max(seconds, 0.1));
        text.append(wait.data(),
                    static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(wait.size()) - 1)));
    }
    return text;
}

std::string notice_text(std::string_view text) {
    std::string line = "* ";
    append_printable(line, text);
    return line;
}

std::string named_text(std::string_view name) {
    return notice_text("you are now " + std::string(name));
}

std::string joined_text(std::string_view room, std::size_t here) {
    return notice_text("you are in " + std::string(room) + ", " + std::to_string(here) + " here");
}

std::string who_text(std::string_view room, std::span<const std::string> names, std::size_t here) {
    std::string text = notice_text(std::to_string(here) + " in " + std::string(room));
    constexpr std::size_t reserve = 48;  // room for the last words
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (text.size() + name.size() + reserve > max_line_bytes) break;
        text += shown == 0 ? ": " : ", ";
        append_printable(text, name);
        ++shown;
    }
    if (shown < here && shown > 0) text += " and " + std::to_string(here - shown) + " more";
    return text;
}

base::error refusal_of(line_item::kind what) {
    switch (what) {
        case kind::invalid_utf8:
            return base::fail(base::errc::message_invalid, "not passed on: the text is not valid UTF-8");
        case kind::nul:
            return base::fail(base::errc::message_invalid, "not passed on: the text holds a NUL character");
        case kind::too_long:
            return base::fail(
                base::errc::message_too_long,
                "the line is longer than " + std::to_string(max_line_bytes) + " bytes; closing");
        case kind::line:
            break;
    }
    return base::fail(base::errc::internal, "not passed on");
}

base::error unknown_command(std::string_view word) {
    constexpr std::size_t shown = 32;
    if (word.size() > shown) {
        word = word.substr(0, shown);
        while (!word.empty() && ends_within_character(word)) word.remove_suffix(1);
    }
    return base::fail(base::errc::unknown_event, "there is no command /" + std::string(word) +
                                                     "; /help lists them, //" + std::string(word) +
                                                     " sends it as text");
}

base::buffer_ptr encode_line(std::string_view text, bool plain) {
    return base::shared_buffer::copy_of(text, plain ? std::string_view{} : std::string_view("\n"));
}

}  // namespace chatterlink::chat
