#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace chatterlink::net {

endpoint endpoint_of(const sockaddr& where) {
    char text[INET6_ADDRSTRLEN] = "";
    if (where.sa_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(where);
        ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
        return {text, ntohs(four.sin_port)};
    }
    if (where.sa_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(where);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
            ::inet_ntop(AF_INET, six.sin6_addr.s6_addr + 12, text, sizeof text);
        } else {
            ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        }
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
