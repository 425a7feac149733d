// Who is believed about where a request came from.
#include "net/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace chatterlink::net {
namespace {

trusted_proxies trusted(std::string_view list) {
    return trusted_proxies::parse(list).value();
}

TEST(trusted_proxies, knows_addresses_and_networks_of_both_families) {
    const auto p = trusted("127.0.0.1, 10.0.0.0/8 ,192.168.4.0/22,::1,fd00::/8,2001:db8::/33");
    for (const auto* in : {"127.0.0.1", "10.0.0.0", "10.255.255.255", "192.168.4.0", "192.168.7.255", "::1",
                           "fd12:3456::1", "2001:db8:7fff::1", "::ffff:10.1.2.3"})
        EXPECT_TRUE(p.trusts(in)) << in;
    for (const auto* out : {"127.0.0.2", "11.0.0.0", "9.255.255.255", "192.168.3.255", "192.168.8.0", "::2",
                            "fe00::1", "2001:db8:8000::1", "::10.1.2.3", "unknown", "10.0.0", ""})
        EXPECT_FALSE(p.trusts(out)) << out;
    EXPECT_TRUE(trusted("0.0.0.0/0").trusts("203.0.113.9"));
    EXPECT_FALSE(trusted("0.0.0.0/0").trusts("2001:db8::1"));
    EXPECT_TRUE(trusted("::/0").trusts("203.0.113.9"));
    EXPECT_FALSE(trusted("").trusts("127.0.0.1"));
    EXPECT_TRUE(trusted(" , ").empty());
}

TEST(trusted_proxies, a_unix_socket_is_trusted_by_its_word_only) {
    EXPECT_TRUE(trusted("unix").trusts(""));
    EXPECT_FALSE(trusted("unix").trusts("127.0.0.1"));
    EXPECT_FALSE(trusted("127.0.0.1").trusts(""));
}

TEST(trusted_proxies, refuses_what_makes_no_sense_and_names_it) {
    for (const auto* bad : {"localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::1/129",
                            "*", "10.0.0", "127.0.0.1 10.0.0.1", "UNIX"}) {
        const auto parsed = trusted_proxies::parse(std::string("127.0.0.1,") + bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, base::errc::config_invalid);
        EXPECT_NE(parsed.error().message.find(bad), std::string::npos) << parsed.error().message;
    }
}

struct told {
    const char* peer;
    forwarded_fields said;
    const char* address;
    const char* host;
    bool secure;
};

TEST(trusted_proxies, the_client_is_the_rightmost_address_that_is_no_trusted_proxy) {
    const auto p = trusted("10.0.0.0/8,unix");
    const told cases[] = {
        // Nobody to be believed: what it says counts for nothing.
        {"203.0.113.9", {"1.2.3.4", "https", "evil.example"}, "203.0.113.9", "direct", false},
        {"10.0.0.1", {"", "", ""}, "10.0.0.1", "direct", false},
        {"10.0.0.1", {"1.2.3.4", "https", "chat.example"}, "1.2.3.4", "chat.example", true},
        {"10.0.0.1", {"1.2.3.4", "HTTPS", ""}, "1.2.3.4", "direct", true},
        {"10.0.0.1", {"1.2.3.4", "http", ""}, "1.2.3.4", "direct", false},
        {"", {"1.2.3.4", "https", "chat.example"}, "1.2.3.4", "chat.example", true},
        // What the client itself wrote stands further left.
        {"10.0.0.1",
         {"6.6.6.6, 1.2.3.4", "https, http", "evil.example, chat.example"},
         "1.2.3.4",
         "chat.example",
         false},
        {"10.0.0.1", {"10.9.9.9, 1.2.3.4", "", ""}, "1.2.3.4", "direct", false},
        // Two proxies of ours: the outer one's word counts.
        {"10.0.0.1",
         {"1.2.3.4, 10.0.0.2", "https, http", "chat.example, inner"},
         "1.2.3.4",
         "chat.example",
         true},
        {"10.0.0.1", {"1.2.3.4, 10.0.0.2", "https", "chat.example"}, "1.2.3.4", "chat.example", true},
        {"10.0.0.1",
         {"6.6.6.6, 1.2.3.4, 10.0.0.2", "http, https, http", "e, chat.example, inner"},
         "1.2.3.4",
         "chat.example",
         true},
        // All of them ours: the outermost.
        {"10.0.0.1", {"10.0.0.3, 10.0.0.2", "", ""}, "10.0.0.3", "direct", false},
        // As some proxies write it.
        {"10.0.0.1", {"1.2.3.4:5678", "", ""}, "1.2.3.4", "direct", false},
        {"10.0.0.1", {"[2001:db8::1]:5678", "", ""}, "2001:db8::1", "direct", false},
        {"10.0.0.1", {"2001:db8::1", "", ""}, "2001:db8::1", "direct", false},
        // No address: the last that is known.
        {"10.0.0.1", {"unknown", "", ""}, "10.0.0.1", "direct", false},
        {"10.0.0.1", {"1.2.3.4, _hidden, 10.0.0.2", "", ""}, "10.0.0.2", "direct", false},
        {"10.0.0.1", {"1.2.3.4, <script>", "", ""}, "10.0.0.1", "direct", false},
        {"10.0.0.1", {"[", "", ""}, "10.0.0.1", "direct", false},
        {"10.0.0.1", {",, ,", ",", ","}, "10.0.0.1", "direct", false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(std::string(c.peer) + " says " + c.said.addresses);
        const auto source = source_behind(p, {c.peer, 1234, "direct", false}, c.said);
        EXPECT_EQ(source.address, c.address);
        EXPECT_EQ(source.host, c.host);
        EXPECT_EQ(source.secure, c.secure);
        EXPECT_EQ(source.port, source.address == c.peer ? 1234 : 0);
    }
}

}  // namespace
}  // namespace chatterlink::net
