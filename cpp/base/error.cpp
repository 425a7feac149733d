#include "base/error.hpp"

#include <array>

namespace chatterlink::base {
namespace {

struct entry {
    errc code;
    std::string_view name;
    unsigned status;
};

// Indexed by the enum's value; error_test checks that the order agrees.
constexpr std::array entries{
    entry{errc::ok, "ok", 200},
    entry{errc::bad_request, "bad_request", 400},
    entry{errc::bad_payload, "bad_payload", 400},
    entry{errc::unknown_event, "unknown_event", 400},
    entry{errc::name_empty, "name_empty", 400},
    entry{errc::name_too_long, "name_too_long", 400},
    entry{errc::name_invalid, "name_invalid", 400},
    entry{errc::name_taken, "name_taken", 409},
    entry{errc::room_empty, "room_empty", 400},
    entry{errc::room_too_long, "room_too_long", 400},
    entry{errc::room_invalid, "room_invalid", 400},
    entry{errc::too_many_rooms, "too_many_rooms", 409},
    entry{errc::not_joined, "not_joined", 403},
    entry{errc::message_empty, "message_empty", 400},
    entry{errc::message_too_long, "message_too_long", 413},
    entry{errc::message_invalid, "message_invalid", 400},
    entry{errc::attachment_unknown, "attachment_unknown", 400},
    entry{errc::rate_limited, "rate_limited", 429},
    entry{errc::upload_missing, "upload_missing", 400},
    entry{errc::upload_too_large, "upload_too_large", 413},
    entry{errc::upload_unsupported, "upload_unsupported", 415},
    entry{errc::upload_invalid, "upload_invalid", 422},
    entry{errc::forbidden, "forbidden", 403},
    entry{errc::not_found, "not_found", 404},
    entry{errc::method_not_allowed, "method_not_allowed", 405},
    entry{errc::payload_too_large, "payload_too_large", 413},
    entry{errc::store_unavailable, "store_unavailable", 503},
    entry{errc::shutting_down, "shutting_down", 503},
    entry{errc::config_invalid, "config_invalid", 500},
    entry{errc::address_in_use, "address_in_use", 500},
    entry{errc::io_failed, "io_failed", 500},
    entry{errc::internal, "internal", 500},
};

const entry& find(errc code) noexcept {
    const auto index = static_cast<std::size_t>(code);
    return index < entries.size() ? entries[index] : entries.back();
}

class chatterlink_category final : public std::error_category {
  public:
    const char* name() const noexcept override { return "chatterlink"; }
    std::string message(int value) const override { return std::string(code_name(static_cast<errc>(value))); }
};

}  // namespace

std::string_view code_name(errc code) noexcept {
    return find(code).name;
}

unsigned http_status(errc code) noexcept {
    return find(code).status;
}

const std::error_category& category() noexcept {
    static const chatterlink_category instance;
    return instance;
}

std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), category()};
}

}  // namespace chatterlink::base
