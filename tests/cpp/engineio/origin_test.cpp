#include "engineio/origin.hpp"

#include <gtest/gtest.h>

#include "engineio/support/engine.hpp"

namespace chatterlink::engineio {
namespace {

using test::engine;

constexpr const char* handshake_target = "/socket.io/?EIO=4&transport=polling";

std::string from(const std::string& origin) {
    return "Origin: " + origin + "\r\n";
}

test::http_answer preflight(engine& server, const std::string& origin, const std::string& fields = {}) {
    auto client = server.connect();
    return client.ask("OPTIONS " + std::string(handshake_target) + " HTTP/1.1\r\nHost: x\r\n" + from(origin) +
                      "Access-Control-Request-Method: POST\r\n" + fields + "\r\n");
}

TEST(engineio_origin, the_default_is_the_pages_own_host_and_nobody_else) {
    const origin_policy own;
    EXPECT_TRUE(own.allows("", "x"));
    EXPECT_TRUE(own.allows("http://x", "x"));
    EXPECT_TRUE(own.allows("https://x:8443", "x:8443"));
    for (const auto* origin :
         {"null", "http://y", "http://x.y", "http://xx", "http://x:81", "x", "file://", "://x", "ws://x"})
        EXPECT_FALSE(own.allows(origin, "x")) << origin;
    EXPECT_FALSE(own.allows("http://", ""));
}

TEST(engineio_origin, over_tls_the_own_host_is_https_only) {
    const origin_policy own;
    EXPECT_TRUE(own.allows("https://x", "x", true));
    EXPECT_FALSE(own.allows("http://x", "x", true)) << "anybody on the way can answer as http://x";
    const origin_policy listed{.allowed = {"http://x"}};
    EXPECT_TRUE(listed.allows("http://x", "x", true)) << "unless it is listed";
}

TEST(engineio_origin, any_page_may_with_a_star_but_never_with_credentials) {
    engine server({}, 1, {.any = true, .credentials = true});
    auto client = server.connect();
    for (const auto* origin : {"http://evil.example", "null", "https://x"}) {
        const auto answer = client.get(handshake_target, from(origin) + "Cookie: a=b\r\n");
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.field("access-control-allow-origin"), "*");
        EXPECT_EQ(answer.field("access-control-allow-credentials"), "");
    }
    EXPECT_EQ(client.get(handshake_target).field("access-control-allow-origin"), "") << "no page asked";
    EXPECT_EQ(preflight(server, "http://evil.example").field("access-control-allow-credentials"), "");
}

TEST(engineio_origin, a_listed_page_is_named_and_may_send_credentials_where_that_is_on) {
    for (const bool credentials : {false, true}) {
        engine server({}, 1, {.allowed = {"https://chat.example"}, .credentials = credentials});
        auto client = server.connect();
        const auto listed = client.get(handshake_target, from("https://chat.example"));
        EXPECT_EQ(listed.field("access-control-allow-origin"), "https://chat.example");
        EXPECT_EQ(listed.field("access-control-allow-credentials"), credentials ? "true" : "");
        EXPECT_EQ(listed.field("vary"), "Origin");
        const auto own = client.get(handshake_target, from("http://x"));
        EXPECT_EQ(own.field("access-control-allow-origin"), "");
        EXPECT_EQ(own.field("access-control-allow-credentials"), "");
        EXPECT_EQ(own.field("vary"), "Origin") << "no cache gives one page's answer to another";
        EXPECT_EQ(client.get(handshake_target, from("https://chat.example.evil")).status, 403u);
    }
}

TEST(engineio_origin, errors_can_be_read_by_listed_pages_too) {
    engine server({}, 1, {.allowed = {"https://chat.example"}});
    auto client = server.connect();
    const auto answer = client.get("/socket.io/?EIO=3&transport=polling", from("https://chat.example"));
    EXPECT_EQ(answer.status, 400u);
    EXPECT_EQ(answer.field("access-control-allow-origin"), "https://chat.example");
}

TEST(engineio_origin, a_preflight_names_the_methods_and_the_fields_that_were_asked_for) {
    engine server({}, 1, {.allowed = {"https://chat.example"}});
    const auto answer = preflight(server, "https://chat.example",
                                  "Access-Control-Request-Headers: authorization, x-room\r\n");
    EXPECT_EQ(answer.status, 204u);
    EXPECT_EQ(answer.field("access-control-allow-origin"), "https://chat.example");
    EXPECT_EQ(answer.field("access-control-allow-methods"), "GET, POST");
    EXPECT_EQ(answer.field("access-control-allow-headers"), "authorization, x-room");
    EXPECT_NE(answer.head.find("Vary: Access-Control-Request-Headers"), std::string::npos);
    EXPECT_NE(answer.head.find("Vary: Origin"), std::string::npos);
    EXPECT_EQ(answer.field("access-control-max-age"), "600");
}

TEST(engineio_origin, a_preflight_gives_back_names_of_fields_only) {
    engine server({}, 1, {.allowed = {"https://chat.example"}});
    for (const auto& fields : {std::string("x;y"), std::string("x\"<script>"), std::string(1025, 'x')})
        EXPECT_EQ(
            preflight(server, "https://chat.example", "Access-Control-Request-Headers: " + fields + "\r\n")
                .field("access-control-allow-headers"),
            "");
    EXPECT_EQ(preflight(server, "https://evil.example").status, 403u);
    EXPECT_EQ(preflight(server, "http://x").field("access-control-allow-methods"), "")
        << "it needs no permission";
}

TEST(engineio_origin, the_fields_of_a_preflight_can_be_a_fixed_list) {
    engine server({}, 1, {.allowed = {"https://chat.example"}, .allowed_headers = {"X-One", "X-Two"}});
    EXPECT_EQ(preflight(server, "https://chat.example", "Access-Control-Request-Headers: x-three\r\n")
                  .field("access-control-allow-headers"),
              "X-One, X-Two");
}

TEST(engineio_origin, with_the_check_off_nobody_is_refused_and_nothing_said) {
    engine server({}, 1, {.check = false});
    auto client = server.connect();
    const auto answer = client.get(handshake_target, from("http://evil.example"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.field("access-control-allow-origin"), "");
}

}  // namespace
}  // namespace chatterlink::engineio
