// multipart/form-data: the first line of the input is the request's Content-Type, the rest its body.
#include "net/multipart.hpp"

#include <array>
#include <string>

#include "fuzz/fuzz.hpp"

namespace chatterlink::fuzzing {
namespace {

using net::multipart_part;

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

// As a careful sender writes it; the name must not hold one of the three escapes as plain text.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\r' || c == '\n') {
            out += c == '\r' ? "%0D" : "%0A";
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out + "\"";
}

bool can_be_quoted(std::string_view name) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto byte = static_cast<unsigned char>(name[i]);
        if (byte == '%' || byte == 0x7f || (byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n'))
            return false;
    }
    return true;
}

void check_round_trip(const std::vector<multipart_part>& parts, std::string_view body) {
    std::string boundary = "b";
    while (body.find(boundary) != std::string_view::npos && boundary.size() < net::max_boundary_size)
        boundary += 'b';
    if (body.find(boundary) != std::string_view::npos) return;
    std::string form;
    for (const auto& part : parts) {
        if (!can_be_quoted(part.name)) return;
        form += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + quoted(part.name);
        if (part.filename) form += "; filename*=UTF-8''" + percent_encoded(*part.filename);
        form += "\r\nContent-Type: " + part.content_type + "\r\n\r\n";
        form += part.body;
        form += "\r\n";
    }
    form += "--" + boundary + "--\r\n";

    const auto again = net::parse_multipart("multipart/form-data; boundary=" + boundary, form,
                                            {.max_parts = parts.size(), .max_header_bytes = form.size()});
    require(again.has_value() && again->size() == parts.size(),
            "a form that was read can be written and read again");
    for (std::size_t i = 0; i < parts.size(); ++i) {
        require((*again)[i].name == parts[i].name && (*again)[i].filename == parts[i].filename,
                "names survive a round trip");
        require((*again)[i].content_type == parts[i].content_type && (*again)[i].body == parts[i].body,
                "type and bytes survive a round trip");
    }
}

}  // namespace

void fuzz(std::string_view input) {
    const auto line_end = input.find('\n');
    const auto content_type = input.substr(0, line_end);
    const auto body = line_end == std::string_view::npos ? std::string_view{} : input.substr(line_end + 1);

    const auto boundary = net::multipart_boundary(content_type);
    if (boundary)
        require(!boundary->empty() && boundary->size() <= net::max_boundary_size,
                "a boundary has 1 to 70 characters");
    const net::multipart_limits limits{.max_parts = 4, .max_header_bytes = 256};
    const auto parts = net::parse_multipart(content_type, body, limits);
    if (!parts) return require(!parts.error().message.empty(), "a refusal says why");
    require(boundary.has_value(), "a form has a boundary");
    require(parts->size() <= limits.max_parts, "a form has at most max_parts parts");
    const std::string delimiter = "\r\n--" + *boundary;
    for (const auto& part : *parts) {
        require(inside(part.body, body), "a part's body is a view of the request's");
        require(part.body.find(delimiter) == std::string_view::npos, "a part ends at the first boundary");
        require(part.name.find('\0') == std::string::npos && is_utf8(part.name),
                "a name is UTF-8 without NUL");
        if (part.filename)
            require(part.filename->find('\0') == std::string::npos && is_utf8(*part.filename),
                    "a file's name is UTF-8 without NUL");
        require(part.name.size() + part.content_type.size() <= limits.max_header_bytes + 10,
                "headers are bounded");
    }
    check_round_trip(*parts, body);
}

}  // namespace chatterlink::fuzzing
