#include "load/http_response.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace chatterlink::load {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

bool read_number(std::string_view text, int base, std::size_t& number) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() && number <= max_http_body;
}

// Where the chunks end, and how long the body is without their lines.
struct chunks {
    http_state state = http_state::incomplete;
    std::size_t end = 0;
    std::size_t body = 0;
};

// First only looks, then (with `to`) moves the data together: an incomplete body has to stay as it is.
chunks walk_chunks(const char* data, std::size_t size, char* to) {
    const std::string_view all(data, size);
    chunks found;
    for (std::size_t at = 0;;) {
        const auto line_end = all.find("\r\n", at);
        if (line_end == std::string_view::npos) return found;
        const auto line = all.substr(at, line_end - at);
        std::size_t length = 0;
        if (!read_number(trim(line.substr(0, line.find(';'))), 16, length)) return {http_state::invalid};
        at = line_end + 2;
        if (length == 0) {  // a trailer, or nothing, up to an empty line
            for (;;) {
                const auto end = all.find("\r\n", at);
                if (end == std::string_view::npos) return found;
                const bool empty = end == at;
                at = end + 2;
                if (empty) return {http_state::complete, at, found.body};
            }
        }
        if (size - at < length + 2) return found;
        if (all.substr(at + length, 2) != "\r\n" || found.body + length > max_http_body)
            return {http_state::invalid};
        if (to != nullptr) std::memmove(to + found.body, data + at, length);
        found.body += length;
        at += length + 2;
    }
}

}  // namespace

std::string_view field_of(std::string_view head, std::string_view name) noexcept {
    for (auto at = head.find("\r\n"); at != std::string_view::npos;) {
        const auto begin = at + 2;
        at = head.find("\r\n", begin);
        const auto line = head.substr(begin, at == std::string_view::npos ? at : at - begin);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && same(line.substr(0, colon), name))
            return trim(line.substr(colon + 1));
    }
    return {};
}

http_state parse_response_head(const char* data, std::size_t size, http_response& found) {
    const std::string_view all(data, size);
    const auto end = all.substr(0, max_http_head).find("\r\n\r\n");
    const auto begin = all.substr(0, 9);
    if (begin != std::string_view("HTTP/1.1 ").substr(0, begin.size()) &&
        begin != std::string_view("HTTP/1.0 ").substr(0, begin.size()))
        return http_state::invalid;
    if (end == std::string_view::npos)
        return size >= max_http_head ? http_state::invalid : http_state::incomplete;
    std::size_t status = 0;
    if (!read_number(all.substr(9, 3), 10, status) || status < 100) return http_state::invalid;
    found.status = static_cast<int>(status);
    found.head = all.substr(0, end + 4);
    found.body = {};
    found.size = end + 4;
    const auto connection = field_of(found.head, "Connection");
    found.keep_alive = data[7] == '1' ? !same(connection, "close") : same(connection, "keep-alive");
    return http_state::complete;
}

http_state parse_response(char* data, std::size_t size, http_response& found) {
    const auto head = parse_response_head(data, size, found);
    if (head != http_state::complete) return head;
    char* const body = data + found.size;
    const std::size_t there = size - found.size;
    if (same(field_of(found.head, "Transfer-Encoding"), "chunked")) {
        auto walked = walk_chunks(body, there, nullptr);
        if (walked.state != http_state::complete) return walked.state;
        walked = walk_chunks(body, there, body);
        found.body = {body, walked.body};
        found.size += walked.end;
        return http_state::complete;
    }
    std::size_t length = 0;
    if (found.status != 204 && found.status != 304 &&
        !read_number(field_of(found.head, "Content-Length"), 10, length))
        return http_state::invalid;
    if (there < length) return http_state::incomplete;
    found.body = {body, length};
    found.size += length;
    return http_state::complete;
}

}  // namespace chatterlink::load
