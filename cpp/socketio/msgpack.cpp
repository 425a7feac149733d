#include "socketio/msgpack.hpp"

#include <utility>

namespace chatterlink::socketio {
namespace {

using base::errc;
using base::fail;

// JSON text has no such thing as "no data": a packet without is one with null.
json take(json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? json() : std::move(*found);
}

}  // namespace

base::result<packet> decode_msgpack(std::string_view bytes) {
    auto parsed = base::parse_msgpack(bytes);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(errc::bad_payload, "a packet has to be an object");
    packet p;
    // Attachments are part of the data, so the binary types do not exist here.
    const auto type = take(*parsed, "type");
    if (!type.is_number_unsigned() || type.get<std::uint64_t>() > 4)
        return fail(errc::bad_payload, "unknown packet type");
    p.type = static_cast<packet_type>(type.get<std::uint64_t>());
    const auto nsp = take(*parsed, "nsp");
    if (!nsp.is_string()) return fail(errc::bad_payload, "invalid namespace");
    p.nsp = nsp.get<std::string>();
    p.nsp = p.nsp.substr(0, p.nsp.find('?'));
    if (p.nsp.empty() || p.nsp[0] != '/' || p.nsp.size() > max_namespace)
        return fail(errc::bad_payload, "invalid namespace");
    const auto id = take(*parsed, "id");
    if (!id.is_null()) {
        if (!id.is_number_unsigned()) return fail(errc::bad_payload, "illegal acknowledgement id");
        p.id = id.get<std::uint64_t>();
    }
    p.data = take(*parsed, "data");
    if (!has_valid_payload(p)) return fail(errc::bad_payload, "invalid payload");
    return p;
}

std::string encode_msgpack(const packet& p) {
    json whole{{"type", static_cast<unsigned>(p.type)}, {"nsp", p.nsp}};
    if (!p.data.is_null()) whole["data"] = p.data;
    if (p.id) whole["id"] = *p.id;
    std::string bytes;
    json::to_msgpack(whole, nlohmann::detail::output_adapter<char>(bytes));
    return bytes;
}

}  // namespace chatterlink::socketio
