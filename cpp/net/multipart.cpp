#include "net/multipart.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/ascii.hpp"

namespace chatterlink::net {

namespace {

using base::errc;

base::error bad(std::string_view what) {
    return base::fail(errc::bad_request, "The form data is malformed: " + std::string(what) + ".");
}

// --- characters ---

// RFC 2046 §5.1.1, bchars.
constexpr bool is_boundary_character(char c) noexcept {
    return base::is_alphanumeric(c) || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

// UTF-8 without overlong forms, surrogates and NUL (RFC 3629 §4).
bool is_text(std::string_view bytes) noexcept {
    std::size_t at = 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    while (at < bytes.size()) {
        const std::uint8_t lead = byte(at);
        if (lead == 0) return false;
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xc2 ? 0
                                   : lead < 0xe0 ? 2
                                   : lead < 0xf0 ? 3
                                   : lead < 0xf5 ? 4
                                                 : 0;
        if (length == 0 || bytes.size() - at < length) return false;
        for (std::size_t i = 1; i < length; ++i) {
            if ((byte(at + i) & 0xc0) != 0x80) return false;
        }
        if (lead == 0xe0 && byte(at + 1) < 0xa0) return false;
        if (lead == 0xed && byte(at + 1) > 0x9f) return false;
        if (lead == 0xf0 && byte(at + 1) < 0x90) return false;
        if (lead == 0xf4 && byte(at + 1) > 0x8f) return false;
        at += length;
    }
    return true;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// --- parameters: ; name=token ; name="quoted" ---

struct parameter {
    std::string name;  // lower case
    std::string value;
};

// Browsers send `"`, CR and LF inside quotes as %22, %0D and %0A, and nothing else so (WHATWG HTML,
// "multipart/form-data encoding algorithm"); older curl and others put a backslash before `"` and `\`. A
// backslash before anything else is a backslash: Windows paths were sent that way.
bool read_quoted(std::string_view& text, std::string& value) {
    text.remove_prefix(1);
    while (!text.empty()) {
        const char c = text.front();
        if (c == '"') {
            text.remove_prefix(1);
            return true;
        }
        if (c == '\\' && text.size() > 1 && (text[1] == '"' || text[1] == '\\')) {
            value += text[1];
            text.remove_prefix(2);
            continue;
        }
        if (c == '%' && text.size() > 2) {
            const std::string code = base::lowered(text.substr(1, 2));
            if (code == "22" || code == "0d" || code == "0a") {
                value += code == "22" ? '"' : code == "0d" ? '\r' : '\n';
                text.remove_prefix(3);
                continue;
            }
        }
        value += c;
        text.remove_prefix(1);
    }
    return false;
}

// Reads all of `text`; false when it is anything but parameters.
bool read_parameters(std::string_view text, std::vector<parameter>& into) {
    for (text = base::trimmed(text); !text.empty(); text = base::trimmed(text)) {
        if (text.front() != ';') return false;
        text = base::trimmed(text.substr(1));
        const std::size_t equals = text.find('=');
        if (equals == text.npos || !base::is_token(text.substr(0, equals))) return false;
        parameter read{base::lowered(text.substr(0, equals)), {}};
        text.remove_prefix(equals + 1);
        if (!text.empty() && text.front() == '"') {
            if (!read_quoted(text, read.value)) return false;
        } else {
            const auto end = std::find_if_not(text.begin(), text.end(), base::is_token_character);
            read.value.assign(text.begin(), end);
            if (read.value.empty()) return false;
            text.remove_prefix(read.value.size());
        }
        into.push_back(std::move(read));
    }
    return true;
}

// The only parameter of that name: null when there is none. `twice` is set when there are several.
const parameter* find_only(const std::vector<parameter>& all, std::string_view name, bool& twice) {
    const parameter* found = nullptr;
    for (const parameter& one : all) {
        if (one.name != name) continue;
        if (found != nullptr) twice = true;
        found = &one;
    }
    return found;
}

// RFC 5987 §3.2: charset'language'percent-encoded.
std::optional<std::string> decode_extended(std::string_view value) {
    const std::size_t first = value.find('\'');
    const std::size_t second = first == value.npos ? value.npos : value.find('\'', first + 1);
    if (second == value.npos) return std::nullopt;
    const std::string charset = base::lowered(value.substr(0, first));
    if (charset != "utf-8" && charset != "iso-8859-1") return std::nullopt;

    std::string decoded;
    for (std::size_t at = second + 1; at < value.size(); ++at) {
        auto byte = static_cast<std::uint8_t>(value[at]);
        if (value[at] == '%') {
            if (value.size() - at < 3 || hex_digit(value[at + 1]) < 0 || hex_digit(value[at + 2]) < 0)
                return std::nullopt;
            byte = static_cast<std::uint8_t>(hex_digit(value[at + 1]) * 16 + hex_digit(value[at + 2]));
            at += 2;
        }
        if (charset == "iso-8859-1" && byte >= 0x80) {
            decoded += static_cast<char>(0xc0 | byte >> 6);
            decoded += static_cast<char>(0x80 | (byte & 0x3f));
        } else {
            decoded += static_cast<char>(byte);
        }
    }
    return decoded;
}

// --- the headers of a part ---

base::result<void> read_disposition(std::string_view value, multipart_part& part) {
    const std::size_t type_end = std::min(value.find(';'), value.size());
    if (base::lowered(base::trimmed(value.substr(0, type_end))) != "form-data")
        return bad("a part is not form-data");
    std::vector<parameter> parameters;
    if (!read_parameters(value.substr(type_end), parameters))
        return bad("a Content-Disposition cannot be read");

    bool twice = false;
    const parameter* name = find_only(parameters, "name", twice);
    const parameter* plain = find_only(parameters, "filename", twice);
    const parameter* extended = find_only(parameters, "filename*", twice);
    if (twice) return bad("a Content-Disposition says the same thing twice");
    if (name == nullptr) return bad("a part has no name");
    part.name = name->value;
    if (plain != nullptr) part.filename = plain->value;
    if (extended != nullptr) {
        part.filename = decode_extended(extended->value);
        if (!part.filename) return bad("a filename* cannot be read");
    }
    if (!is_text(part.name) || (part.filename && !is_text(*part.filename)))
        return bad("a name is not UTF-8 text");
    return {};
}

// `block` is the lines of the headers, each with its CRLF.
base::result<void> read_headers(std::string_view block, multipart_part& part) {
    bool has_disposition = false;
    bool has_type = false;
    while (!block.empty()) {
        const std::size_t line_end = block.find("\r\n");
        const std::string_view line = block.substr(0, line_end);
        block.remove_prefix(line_end + 2);

        // Bare CR and LF, NUL and the like; also the folded lines of old mail, which begin with a blank.
        const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
        if (std::any_of(line.begin(), line.end(), is_control))
            return bad("a header holds a control character");
        const std::size_t colon = line.find(':');
        if (colon == line.npos || !base::is_token(line.substr(0, colon)))
            return bad("a header cannot be read");
        const std::string name = base::lowered(line.substr(0, colon));
        const std::string_view value = base::trimmed(line.substr(colon + 1));

        if (name == "content-disposition") {
            if (std::exchange(has_disposition, true))
                return bad("a part has two Content-Disposition headers");
            if (auto read = read_disposition(value, part); read.has_error()) return read;
        } else if (name == "content-type") {
            if (std::exchange(has_type, true)) return bad("a part has two Content-Type headers");
            part.content_type = value;
        } else if (name == "content-transfer-encoding") {
            // Gone since RFC 7578 §4.7; harmless when it says that nothing was encoded.
            const std::string encoding = base::lowered(value);
            if (encoding != "binary" && encoding != "8bit" && encoding != "7bit")
                return bad("a part is encoded");
        }
    }
    if (!has_disposition) return bad("a part has no Content-Disposition");
    if (part.content_type.empty()) part.content_type = "text/plain";
    return {};
}

// `all` is what stands between two boundary lines: headers, an empty line, the body.
base::result<multipart_part> read_part(std::string_view all, const multipart_limits& limits) {
    const std::size_t headers_end = all.substr(0, limits.max_header_bytes + 2).find("\r\n\r\n");
    if (headers_end == all.npos) {
        return all.size() > limits.max_header_bytes
                   ? bad("the headers of a part are too long")
                   : bad("a part has no headers, or no empty line after them");
    }
    multipart_part part;
    if (auto read = read_headers(all.substr(0, headers_end + 2), part); read.has_error()) return read.error();
    part.body = all.substr(headers_end + 4);
    return part;
}

enum class line_kind : std::uint8_t { part_follows, last, malformed };

// What stands behind a boundary, up to and with the end of its line; moves `at` behind it.
line_kind read_boundary_line(std::string_view body, std::size_t& at) {
    const bool last = body.substr(at, 2) == "--";
    if (last) at += 2;
    while (at < body.size() && base::is_blank(body[at])) ++at;  // "transport padding"
    if (last && at == body.size()) return line_kind::last;
    if (body.substr(at, 2) != "\r\n") return line_kind::malformed;
    at += 2;
    return last ? line_kind::last : line_kind::part_follows;
}

}  // namespace

base::result<std::string> multipart_boundary(std::string_view content_type) {
    const std::size_t type_end = std::min(content_type.find(';'), content_type.size());
    if (base::lowered(base::trimmed(content_type.substr(0, type_end))) != "multipart/form-data") {
        return base::fail(errc::bad_request, "The request must be multipart/form-data.");
    }
    std::vector<parameter> parameters;
    if (!read_parameters(content_type.substr(type_end), parameters))
        return bad("its Content-Type cannot be read");
    bool twice = false;
    const parameter* found = find_only(parameters, "boundary", twice);
    if (found == nullptr || twice) return bad("its Content-Type must name one boundary");
    const std::string& boundary = found->value;
    if (boundary.empty() || boundary.size() > max_boundary_size || boundary.back() == ' ' ||
        !std::all_of(boundary.begin(), boundary.end(), is_boundary_character)) {
        return bad("its boundary is empty, too long or holds a character that is not allowed");
    }
    return boundary;
}

base::result<std::vector<multipart_part>> parse_multipart(std::string_view content_type,
                                                          std::string_view body,
                                                          const multipart_limits& limits) {
    const auto boundary = multipart_boundary(content_type);
    if (boundary.has_error()) return boundary.error();
    // A boundary has no CR in it, so two candidates for this never overlap and a plain search is linear.
    const std::string delimiter = "\r\n--" + *boundary;

    std::size_t at = delimiter.size() - 2;
    if (!body.starts_with(std::string_view(delimiter).substr(2))) {
        const std::size_t first = body.find(delimiter);
        if (first == body.npos) return bad("its boundary does not occur in it");
        at = first + delimiter.size();
    }
    std::vector<multipart_part> parts;
    while (true) {
        switch (read_boundary_line(body, at)) {
            case line_kind::malformed:
                return bad("a boundary line does not end after the boundary");
            case line_kind::last:
                return parts;
            case line_kind::part_follows:
                break;
        }
        const std::size_t end = body.find(delimiter, at);
        if (end == body.npos) return bad("it ends before its last boundary");
        if (parts.size() == limits.max_parts)
            return bad("it has more than " + std::to_string(limits.max_parts) + " parts");
        auto part = read_part(body.substr(at, end - at), limits);
        if (part.has_error()) return part.error();
        parts.push_back(std::move(*part));
        at = end + delimiter.size();
    }
}

}  // namespace chatterlink::net
