#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace chatterlink::net {
namespace {

endpoint four(const char* address, std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    EXPECT_EQ(::inet_pton(AF_INET, address, &where.sin_addr), 1);
    return endpoint_of(reinterpret_cast<const sockaddr&>(where));
}

endpoint six(const char* address, std::uint16_t port) {
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_port = htons(port);
    EXPECT_EQ(::inet_pton(AF_INET6, address, &where.sin6_addr), 1);
    return endpoint_of(reinterpret_cast<const sockaddr&>(where));
}

TEST(endpoint, names_addresses_and_ports) {
    EXPECT_EQ(four("127.0.0.1", 5000).address, "127.0.0.1");
    EXPECT_EQ(four("127.0.0.1", 5000).port, 5000);
    EXPECT_EQ(to_string(four("10.1.2.3", 65535)), "10.1.2.3:65535");
    EXPECT_EQ(to_string(six("::1", 80)), "[::1]:80");
    EXPECT_EQ(to_string(six("2001:db8::7", 1)), "[2001:db8::7]:1");
}

TEST(endpoint, ipv4_inside_ipv6_is_plain_ipv4) {
    EXPECT_EQ(six("::ffff:192.0.2.1", 9).address, "192.0.2.1");
    EXPECT_EQ(to_string(six("::ffff:192.0.2.1", 9)), "192.0.2.1:9");
}

TEST(endpoint, a_unix_socket_has_neither) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const auto e = endpoint_of(reinterpret_cast<const sockaddr&>(where));
    EXPECT_EQ(e.address, "");
    EXPECT_EQ(e.port, 0);
    EXPECT_EQ(to_string(e), "");
}

}  // namespace
}  // namespace chatterlink::net
