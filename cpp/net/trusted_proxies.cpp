#include "net/trusted_proxies.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/ascii.hpp"

namespace chatterlink::net {
namespace {

using binary_address = std::array<std::uint8_t, 16>;

std::vector<std::string_view> elements(std::string_view list) {
    std::vector<std::string_view> all;
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (const auto one = base::trimmed(list.substr(0, end)); !one.empty()) all.push_back(one);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return all;
}

std::optional<binary_address> binary(std::string_view text) {
    const std::string address(text);
    binary_address out{};
    if (::inet_pton(AF_INET6, address.c_str(), out.data()) == 1) return out;
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (::inet_pton(AF_INET, address.c_str(), out.data() + 12) == 1) return out;
    return std::nullopt;
}

// As proxies write it: "192.0.2.1", "192.0.2.1:1234", "2001:db8::1", "[2001:db8::1]:1234". Empty: no address.
std::string_view address_of(std::string_view entry) {
    if (entry.starts_with('[')) entry = entry.substr(1, entry.find(']') - 1);
    if (std::count(entry.begin(), entry.end(), ':') == 1) entry = entry.substr(0, entry.find(':'));
    return binary(entry) ? entry : std::string_view{};
}

// The entry that the outermost of `hops` trusted proxies wrote, of a list that each may have added to.
std::string_view written_at(const std::vector<std::string_view>& list, std::size_t hops) {
    if (list.empty()) return {};
    return list[list.size() - std::min(std::max<std::size_t>(hops, 1), list.size())];
}

bool is_https(std::string_view protocol) {
    return protocol.size() == 5 && std::equal(protocol.begin(), protocol.end(), "https",
                                              [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

base::result<trusted_proxies> trusted_proxies::parse(std::string_view list) {
    trusted_proxies made;
    for (const auto entry : elements(list)) {
        if (entry == "unix") {
            made.unix_ = true;
            continue;
        }
        const auto slash = entry.find('/');
        const auto text = entry.substr(0, slash);
        const auto address = binary(text);
        const unsigned width = text.find(':') == std::string_view::npos ? 32 : 128;
        unsigned bits = width;
        bool makes_sense = address.has_value();
        if (slash != std::string_view::npos) {
            const auto digits = entry.substr(slash + 1);
            const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
            makes_sense = makes_sense && end.ec == std::errc{} && end.ptr == digits.data() + digits.size() &&
                          bits <= width;
        }
        if (!makes_sense) {
            return base::fail(base::errc::config_invalid,
                              "trusted proxies: '" + std::string(entry) +
                                  "' is no address, network (10.0.0.0/8) or \"unix\"");
        }
        made.networks_.push_back({*address, bits + 128 - width});
    }
    return made;
}

bool trusted_proxies::trusts(std::string_view address) const {
    if (address.empty()) return unix_;
    const auto asked = binary(address);
    if (!asked) return false;
    return std::any_of(networks_.begin(), networks_.end(), [&](const network& n) {
        const unsigned whole = n.bits / 8;
        if (!std::equal(n.address.begin(), n.address.begin() + whole, asked->begin())) return false;
        const unsigned rest = n.bits % 8;
        return rest == 0 || ((n.address[whole] ^ (*asked)[whole]) >> (8 - rest)) == 0;
    });
}

request_source source_behind(const trusted_proxies& proxies, request_source direct,
                             const forwarded_fields& said) {
    if (!proxies.trusts(direct.address)) return direct;
    auto source = std::move(direct);
    const auto addresses = elements(said.addresses);
    std::size_t hops = 0;  // trusted proxies on the way, the one that is connected included
    for (bool trusted = true; trusted && hops < addresses.size(); ++hops) {
        const auto next = address_of(addresses[addresses.size() - 1 - hops]);
        if (next.empty()) break;  // "unknown", or damaged: whoever is known so far is the last known
        source.address = std::string(next);
        source.port = 0;
        trusted = proxies.trusts(next);
    }
    if (const auto protocol = written_at(elements(said.protocols), hops); !protocol.empty())
        source.secure = is_https(protocol);
    if (const auto host = written_at(elements(said.hosts), hops); !host.empty())
        source.host = std::string(host);
    return source;
}

}  // namespace chatterlink::net
