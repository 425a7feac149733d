// HTTP/1.1 responses as a client reads them (RFC 9112), in place: the upgrade to WebSocket, and long polling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatterlink::load {

struct http_response {
    int status = 0;
    std::string_view head{};  // status line and fields, with the empty line behind them
    std::string_view body{};
    bool keep_alive = true;
    std::size_t size = 0;  // of all of it, as it came
};

enum class http_state : std::uint8_t { complete, incomplete, invalid };

/// What a head or a body may take at the most; more is invalid.
inline constexpr std::size_t max_http_head = std::size_t{64} << 10U;
inline constexpr std::size_t max_http_body = std::size_t{16} << 20U;

/// Looks at the response that begins at `data`; the views of `found` point there. A chunked body is put
/// together in place once all of it is there, so what is complete must not be parsed again. A body that only
/// the end of the connection ends (no length, not chunked) is invalid: nobody sends one where the connection
/// is to stay.
http_state parse_response(char* data, std::size_t size, http_response& found);

/// The same up to the end of the head: of an answer that switches protocols (101), which has no body.
http_state parse_response_head(const char* data, std::size_t size, http_response& found);

/// The value of a field of the head, without spaces around it; empty when there is none. Names in any case.
std::string_view field_of(std::string_view head, std::string_view name) noexcept;

}  // namespace chatterlink::load
