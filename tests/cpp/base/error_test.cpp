#include "base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace chatterlink::base {
namespace {

// Every code with its wire spelling and HTTP status, written out once more: a table whose order slipped
// against the enum would give a client somebody else's error.
struct known {
    errc code;
    std::string_view name;
    unsigned status;
};
constexpr known all_errors[] = {
    {errc::ok, "ok", 200},
    {errc::bad_request, "bad_request", 400},
    {errc::bad_payload, "bad_payload", 400},
    {errc::unknown_event, "unknown_event", 400},
    {errc::name_empty, "name_empty", 400},
    {errc::name_too_long, "name_too_long", 400},
    {errc::name_invalid, "name_invalid", 400},
    {errc::name_taken, "name_taken", 409},
    {errc::room_empty, "room_empty", 400},
    {errc::room_too_long, "room_too_long", 400},
    {errc::room_invalid, "room_invalid", 400},
    {errc::too_many_rooms, "too_many_rooms", 409},
    {errc::not_joined, "not_joined", 403},
    {errc::message_empty, "message_empty", 400},
    {errc::message_too_long, "message_too_long", 413},
    {errc::message_invalid, "message_invalid", 400},
    {errc::attachment_unknown, "attachment_unknown", 400},
    {errc::rate_limited, "rate_limited", 429},
    {errc::upload_missing, "upload_missing", 400},
    {errc::upload_too_large, "upload_too_large", 413},
    {errc::upload_unsupported, "upload_unsupported", 415},
    {errc::upload_invalid, "upload_invalid", 422},
    {errc::forbidden, "forbidden", 403},
    {errc::not_found, "not_found", 404},
    {errc::method_not_allowed, "method_not_allowed", 405},
    {errc::payload_too_large, "payload_too_large", 413},
    {errc::store_unavailable, "store_unavailable", 503},
    {errc::shutting_down, "shutting_down", 503},
    {errc::config_invalid, "config_invalid", 500},
    {errc::address_in_use, "address_in_use", 500},
    {errc::io_failed, "io_failed", 500},
    {errc::internal, "internal", 500},
};

TEST(error, every_code_has_its_own_wire_spelling_and_status) {
    EXPECT_EQ(std::size(all_errors), static_cast<std::size_t>(errc::internal) + 1)
        << "a code is missing in this test";
    std::set<std::string_view> names;
    for (const auto& [code, name, status] : all_errors) {
        EXPECT_EQ(code_name(code), name);
        EXPECT_EQ(http_status(code), status) << name;
        EXPECT_TRUE(names.insert(code_name(code)).second) << name << " stands for two codes";
    }
}

TEST(error, a_number_that_is_no_code_counts_as_internal) {
    EXPECT_EQ(code_name(static_cast<errc>(200)), "internal");
    EXPECT_EQ(http_status(static_cast<errc>(200)), 500u);
    EXPECT_EQ(category().message(-1), "internal");
}

TEST(error, codes_travel_as_standard_error_codes_of_one_category) {
    const std::error_code code = errc::name_taken;
    EXPECT_EQ(&code.category(), &category());
    EXPECT_EQ(code.message(), "name_taken");
    EXPECT_STREQ(category().name(), "chatterlink");
}

TEST(error, taking_the_value_of_a_failed_result_throws_the_failure_with_its_sentence) {
    const result<int> failed = fail(errc::not_found, "there is no such thing");
    try {
        static_cast<void>(failed.value());
        FAIL() << "no exception";
    } catch (const failure& thrown) {
        EXPECT_EQ(thrown.get().code, errc::not_found);
        EXPECT_EQ(thrown.get().message, "there is no such thing");
        EXPECT_EQ(thrown.code(), errc::not_found);
    }
}

}  // namespace
}  // namespace chatterlink::base
