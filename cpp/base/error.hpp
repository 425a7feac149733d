// Errors of the whole system: one code list, one category, one result type.
//
// Exceptions stop at main, binding and handler boundaries; between layers failures travel as result<T>.
// A code has one wire spelling (docs/protocol.md lists them) and one HTTP status, both kept here.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace chatterlink::base {

enum class errc : std::uint8_t {
    ok = 0,
    bad_request,    // malformed HTTP request or parameter
    bad_payload,    // an event whose arguments have the wrong shape
    unknown_event,  // an event this server does not know
    name_empty,     // user names
    name_too_long,
    name_invalid,  // control, format or mixed-script characters
    name_taken,    // in use in this room, or imitates one that is
    room_empty,    // room names
    room_too_long,
    room_invalid,
    too_many_rooms,  // one client in more rooms than allowed
    not_joined,      // the client is not in that room
    message_empty,
    message_too_long,
    message_invalid,     // invalid UTF-8, NUL
    attachment_unknown,  // names an upload that does not exist
    rate_limited,        // retry_after says when to try again
    upload_missing,
    upload_too_large,
    upload_unsupported,  // not one of the accepted image types
    upload_invalid,      // claims to be an image and is not, or exceeds pixel or frame bounds
    forbidden,
    not_found,
    method_not_allowed,
    payload_too_large,
    store_unavailable,  // the store refused or failed; nothing was kept
    shutting_down,
    config_invalid,  // a bad option, environment variable or configuration file
    address_in_use,
    io_failed,  // a file, folder or socket could not be used
    internal,
};

/// The wire spelling of a code, for example "name_taken".
std::string_view code_name(errc code) noexcept;

/// The HTTP status that carries a code, for example 413 for upload_too_large.
unsigned http_status(errc code) noexcept;

const std::error_category& category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// A failure: a code for programs, a sentence for people, and when to retry if that is known.
struct error {
    errc code = errc::internal;
    std::string message;
    std::optional<std::chrono::milliseconds> retry_after{};
};

/// Thrown at the edges (apps, bindings) when a result has to become an exception.
class failure : public std::system_error {
  public:
    explicit failure(error e) : std::system_error(make_error_code(e.code), e.message), error_(std::move(e)) {}
    const error& get() const noexcept { return error_; }

  private:
    error error_;
};

[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
    throw failure(e);
}

template <class T>
using result = boost::system::result<T, error>;

inline error fail(errc code, std::string message) {
    return error{code, std::move(message), std::nullopt};
}

}  // namespace chatterlink::base

template <>
struct std::is_error_code_enum<chatterlink::base::errc> : std::true_type {};
