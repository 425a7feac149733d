#include "engineio/cookie.hpp"

#include <gtest/gtest.h>

#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using test::engine;

TEST(engineio_cookie, has_the_attributes_that_are_set_and_no_other) {
    EXPECT_EQ(set_cookie({}, "abc"), "io=abc; Path=/; HttpOnly; SameSite=Lax");
    EXPECT_EQ(set_cookie({.name = "id", .path = std::nullopt, .http_only = false, .same_site = std::nullopt},
                         "abc"),
              "id=abc");
    EXPECT_EQ(
        set_cookie({.name = "id",
                    .path = "/chat",
                    .same_site = "None",
                    .secure = true,
                    .max_age = 60,
                    .others = {{"Domain", "example.org"}, {"Partitioned", ""}}},
                   "abc"),
        "id=abc; Path=/chat; Max-Age=60; HttpOnly; Secure; SameSite=None; Domain=example.org; Partitioned");
}

TEST(engineio_cookie, that_cannot_stand_in_a_header_is_refused_when_the_server_is_made) {
    EXPECT_TRUE(check_cookie({}));
    const cookie wrong[] = {{.name = ""},
                            {.name = "a b"},
                            {.name = "a=b"},
                            {.name = "a\r\nX-Evil: 1"},
                            {.path = "chat"},
                            {.path = "/;Secure"},
                            {.path = "/\r\n"},
                            {.same_site = "lax"},
                            {.others = {{"a b", ""}}},
                            {.others = {{"Domain", "x\r\nX-Evil: 1"}}}};
    for (const auto& each : wrong) {
        const auto checked = check_cookie(each);
        ASSERT_TRUE(checked.has_error()) << set_cookie(each, "");
        EXPECT_EQ(checked.error().code, base::errc::config_invalid);
    }
    EXPECT_THROW(engine({.cookie = cookie{.name = "a b"}}), base::failure);
}

TEST(engineio_cookie, comes_with_the_handshake_by_polling_and_with_nothing_else) {
    engine server({.cookie = cookie{}});
    auto client = server.connect();
    const auto answer = client.get("/socket.io/?EIO=4&transport=polling");
    const auto sid = base::parse_json(answer.body.substr(1)).value().at("sid").get<std::string>();
    EXPECT_EQ(answer.field("set-cookie"), "io=" + sid + "; Path=/; HttpOnly; SameSite=Lax");
    client.post(engine::polling(sid), "4x");
    EXPECT_EQ(client.get(engine::polling(sid)).field("set-cookie"), "");
    EXPECT_EQ(client.get("/socket.io/?EIO=3&transport=polling").field("set-cookie"), "");
    engine without;
    auto other = without.connect();
    EXPECT_EQ(other.get("/socket.io/?EIO=4&transport=polling").field("set-cookie"), "");
}

}  // namespace
}  // namespace chatterlink::engineio
