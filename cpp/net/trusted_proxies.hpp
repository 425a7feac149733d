// Who a request really came from when proxies stand in front: X-Forwarded-For, -Proto and -Host, believed
// from proxies that the configuration names and from nobody else. No sockets here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace chatterlink::net {

class trusted_proxies {
  public:
    /// Addresses and networks in CIDR notation, separated by commas: "127.0.0.1, 10.0.0.0/8, fd00::/8"; the
    /// word "unix" stands for whoever connects to a Unix socket. Empty: nobody is trusted. Error:
    /// config_invalid, naming the entry that makes no sense.
    static base::result<trusted_proxies> parse(std::string_view list);

    /// `address` as net::endpoint has it: empty for a Unix socket.
    bool trusts(std::string_view address) const;
    bool empty() const noexcept { return networks_.empty() && !unix_; }

  private:
    struct network {
        std::array<std::uint8_t, 16> address{};  // IPv4 as mapped into IPv6
        unsigned bits = 128;                     // that have to agree
    };

    std::vector<network> networks_;
    bool unix_ = false;
};

/// Where a request came from and what it was sent to, as the client knows it.
struct request_source {
    std::string address;     // as text without port; empty for a Unix socket
    std::uint16_t port = 0;  // 0: not known
    std::string host;        // the authority the client asked for: "chat.example:8443"
    bool secure = false;     // the client's own connection is encrypted
};

/// The values of those fields, each line of the same name joined to the one before by a comma.
struct forwarded_fields {
    std::string addresses;  // X-Forwarded-For
    std::string protocols;  // X-Forwarded-Proto
    std::string hosts;      // X-Forwarded-Host
};

/// `direct` is what the connection itself says. Each proxy adds to the right, so the list is walked from
/// there: the client is the first address that is not itself a trusted proxy. What is left of it anybody may
/// have invented. Protocol and host are taken from what the outermost trusted proxy wrote.
request_source source_behind(const trusted_proxies& proxies, request_source direct,
                             const forwarded_fields& said);

}  // namespace chatterlink::net
