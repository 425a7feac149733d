#include "net/websocket_handshake.hpp"

#include <gtest/gtest.h>

namespace chatterlink::net {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

deflate_settings on() {
    deflate_settings how;
    how.enabled = true;
    return how;
}

request_info request(const fields& further = {}, const std::string& version = "13") {
    request_info r;
    r.method = "GET";
    r.version = 11;
    r.fields = {{"Host", "x"},
                {"Upgrade", "websocket"},
                {"Connection", "keep-alive, Upgrade"},
                {"Sec-WebSocket-Version", version},
                {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    r.fields.insert(r.fields.end(), further.begin(), further.end());
    return r;
}

request_info with(const std::string& name, const std::string& value) {
    auto r = request();
    for (auto& [field, old] : r.fields) {
        if (field == name) old = value;
    }
    return r;
}

request_info without(const std::string& name) {
    auto r = request();
    std::erase_if(r.fields, [&](const auto& f) { return f.first == name; });
    return r;
}

TEST(websocket_handshake, answers_the_example_of_the_specification) {
    const auto shaken = shake_hands(request());
    ASSERT_EQ(shaken.refused, 0U) << shaken.why;
    EXPECT_EQ(switching_protocols(shaken.key, std::nullopt, {{"Set-Cookie", "a=b"}}),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: a=b\r\n\r\n");
}

TEST(websocket_handshake, refuses_another_version_with_426_and_what_is_malformed_with_400) {
    for (const auto* version : {"8", "0", "12", "14", "255", "13a", "13, 8"})
        EXPECT_EQ(shake_hands(request({}, version)).refused, 426U) << version;
    EXPECT_EQ(shake_hands(without("Sec-WebSocket-Version")).refused, 400U);
    EXPECT_EQ(shake_hands(request({{"sec-websocket-version", "13"}})).refused, 400U);
    EXPECT_EQ(shake_hands(without("Sec-WebSocket-Key")).refused, 400U);
    EXPECT_EQ(shake_hands(request({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}})).refused, 400U);
    for (const auto* key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25j!Q==",
                            "dGhlIHNhbXBsZSBub25jZQ==x", "AAAAAAAAAAAAAAAAAAAAAAAA"})
        EXPECT_EQ(shake_hands(with("Sec-WebSocket-Key", key)).refused, 400U) << key;
    EXPECT_EQ(shake_hands(without("Host")).refused, 400U);
    EXPECT_EQ(shake_hands(request({{"Sec-WebSocket-Extensions", "a b"}})).refused, 400U);
}

TEST(websocket_handshake, knows_who_asks_for_a_websocket) {
    EXPECT_TRUE(asks_for_websocket(request()));
    EXPECT_TRUE(asks_for_websocket(with("Upgrade", "h2c, WebSocket")));
    EXPECT_TRUE(asks_for_websocket(with("Connection", "UPGRADE")));
    EXPECT_FALSE(asks_for_websocket(with("Upgrade", "websockets")));
    EXPECT_FALSE(asks_for_websocket(with("Upgrade", "websocke")));
    EXPECT_FALSE(asks_for_websocket(with("Upgrade", "")));
    EXPECT_FALSE(asks_for_websocket(with("Connection", "keep-alive")));
    EXPECT_FALSE(asks_for_websocket(without("Upgrade")));
    auto post = request();
    post.method = "POST";
    EXPECT_FALSE(asks_for_websocket(post));
    auto old = request();
    old.version = 10;
    EXPECT_FALSE(asks_for_websocket(old));
}

// The answer's Sec-WebSocket-Extensions; empty: no compression.
std::string answer(const std::string& offers, const deflate_settings& how = on()) {
    const auto shaken = shake_hands(request({{"Sec-WebSocket-Extensions", offers}}));
    EXPECT_EQ(shaken.refused, 0U) << offers;
    const auto agreed = agree_on_deflate(shaken.offers, how);
    return agreed ? agreed->answer : std::string();
}

constexpr auto taken = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(websocket_deflate_offers, is_off_unless_switched_on) {
    EXPECT_EQ(answer("permessage-deflate", {}), "");
    EXPECT_EQ(answer("permessage-deflate"), taken);
}

TEST(websocket_deflate_offers, takes_every_valid_parameter) {
    EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover; client_no_context_takeover"), taken);
    EXPECT_EQ(answer("Permessage-Deflate;Server_No_Context_Takeover"), taken);
    for (int bits = 8; bits <= 15; ++bits) {
        const auto n = std::to_string(bits);
        EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=" + n),
                  taken + std::string("; server_max_window_bits=") + n);
        EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=" + n),
                  bits == 15 ? taken : taken + std::string("; client_max_window_bits=") + n);
    }
    EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=\"10\""),
              taken + std::string("; server_max_window_bits=10"));
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits"), taken);
}

TEST(websocket_deflate_offers, declines_what_is_unknown_doubled_or_invalid) {
    for (const auto* offer :
         {"permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
          "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
          "permessage-deflate; server_max_window_bits=08", "permessage-deflate; server_max_window_bits=+9",
          "permessage-deflate; server_max_window_bits=1e1", "permessage-deflate; client_max_window_bits=16",
          "permessage-deflate; client_max_window_bits=010",
          "permessage-deflate; server_no_context_takeover=1",
          "permessage-deflate; client_no_context_takeover=true", "x-webkit-deflate-frame", "permessage-bzip2",
          "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
          "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
          "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "", ","})
        EXPECT_EQ(answer(offer), "") << offer;
}

TEST(websocket_deflate_offers, takes_the_first_that_fits) {
    EXPECT_EQ(answer("permessage-bzip2, permessage-deflate; server_max_window_bits=7, "
                     "permessage-deflate; server_max_window_bits=9, permessage-deflate"),
              taken + std::string("; server_max_window_bits=9"));
    const auto two_fields = shake_hands(request({{"Sec-WebSocket-Extensions", "permessage-deflate; nonsense"},
                                                 {"sec-websocket-extensions", "permessage-deflate"}}));
    const auto agreed = agree_on_deflate(two_fields.offers, on());
    ASSERT_TRUE(agreed);
    EXPECT_EQ(agreed->answer, taken);
}

TEST(websocket_deflate_offers, lets_clients_keep_their_window_when_told_to) {
    auto how = on();
    how.client_takeover = true;
    EXPECT_EQ(answer("permessage-deflate", how), "permessage-deflate; server_no_context_takeover");
    EXPECT_EQ(answer("permessage-deflate; client_no_context_takeover", how), taken);
    how.client_window_bits = 11;
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", how),
              "permessage-deflate; server_no_context_takeover; client_max_window_bits=11");
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=9", how),
              "permessage-deflate; server_no_context_takeover; client_max_window_bits=9");
    EXPECT_EQ(answer("permessage-deflate", how), "permessage-deflate; server_no_context_takeover")
        << "it cannot be asked";
}

TEST(websocket_extensions, are_parsed_as_the_grammar_says) {
    const auto found = parse_websocket_extensions(" foo ; a=1;B=\"tw\\o\" , , bar").value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].name, "foo");
    ASSERT_EQ(found[0].parameters.size(), 2U);
    EXPECT_EQ(found[0].parameters[0].value, "1");
    EXPECT_EQ(found[0].parameters[1].name, "b");
    EXPECT_EQ(found[0].parameters[1].value, "two");
    EXPECT_TRUE(found[1].parameters.empty());
    for (const auto* bad : {"a b", "a;", "a;=1", "a;b=", "a;b=\"", "a;b=\"x", "a;b=\"x y\"", "a;b=\"\"",
                            "a=1", "\"a\"", "a;b=\"x\"y", "é", "a;b=\"\\"})
        EXPECT_FALSE(parse_websocket_extensions(bad)) << bad;
    std::string many = "a";
    for (int i = 0; i < 100; ++i) many += ", a";
    EXPECT_FALSE(parse_websocket_extensions(many)) << "bounded";
}

}  // namespace
}  // namespace chatterlink::net
