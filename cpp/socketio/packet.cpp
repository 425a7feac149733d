#include "socketio/packet.hpp"

#include <charconv>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/json_text.hpp"

namespace chatterlink::socketio {
namespace {

constexpr std::size_t usual_text = 256;  // bytes of a packet that need no second allocation

using base::errc;
using base::fail;

bool is_binary(packet_type t) {
    return t == packet_type::binary_event || t == packet_type::binary_ack;
}

// An unsigned decimal at the front of `text`, taken off it.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
    Number value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool starts_with_digit(std::string_view text) {
    return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

bool is_event_name(const json& name) {
    static const std::unordered_set<std::string_view> reserved{
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};
    if (name.is_string()) return !reserved.contains(name.get_ref<const std::string&>());
    return name.is_number();
}

bool is_placeholder(const json& value) {
    if (!value.is_object() || value.size() != 2) return false;
    const auto mark = value.find("_placeholder");
    return mark != value.end() && mark->is_boolean() && mark->get<bool>() && value.contains("num");
}

// Replaces placeholders; false when one names no attachment or one that is used already.
bool restore(json& value, std::vector<std::string>& attachments, std::vector<bool>& used) {
    if (is_placeholder(value)) {
        const auto& number = value["num"];
        if (!number.is_number_unsigned()) return false;
        const auto index = number.get<std::uint64_t>();
        if (index >= attachments.size() || used[index]) return false;
        used[index] = true;
        auto& bytes = attachments[index];
        value = json::binary({bytes.begin(), bytes.end()});
        return true;
    }
    if (value.is_structured()) {
        for (auto& inner : value) {
            if (!restore(inner, attachments, used)) return false;
        }
    }
    return true;
}

void append_head(std::string& to, packet_type type, std::size_t attachments, std::string_view nsp,
                 std::optional<std::uint64_t> id) {
    to.push_back(static_cast<char>('0' + static_cast<int>(type)));
    if (attachments != 0) to.append(std::to_string(attachments)).push_back('-');
    if (nsp != "/") to.append(nsp).push_back(',');
    if (id) to.append(std::to_string(*id));
}

void extract(json& value, std::vector<std::string>& attachments) {
    if (value.is_binary()) {
        const auto& bytes = value.get_binary();
        attachments.emplace_back(bytes.begin(), bytes.end());
        value = json{{"_placeholder", true}, {"num", attachments.size() - 1}};
    } else if (value.is_structured()) {
        for (auto& inner : value) extract(inner, attachments);
    }
}

}  // namespace

bool has_valid_payload(const packet& p) {
    switch (p.type) {
        case packet_type::connect:
            return p.data.is_null() || p.data.is_object();
        case packet_type::disconnect:
            return p.data.is_null();
        case packet_type::connect_error:
            return p.data.is_object() || p.data.is_string();
        case packet_type::event:
        case packet_type::binary_event:
            return p.data.is_array() && !p.data.empty() && is_event_name(p.data[0]);
        case packet_type::ack:
        case packet_type::binary_ack:
            return p.data.is_array() && p.id.has_value();
    }
    return false;
}

base::result<packet> decode(std::string_view text) {
    packet p;
    if (text.empty() || text[0] < '0' || text[0] > '6') return fail(errc::bad_payload, "unknown packet type");
    p.type = static_cast<packet_type>(text[0] - '0');
    text.remove_prefix(1);
    if (is_binary(p.type)) {
        const auto count = starts_with_digit(text) ? take_number<unsigned>(text) : std::nullopt;
        if (!count || *count == 0 || *count > max_attachments || text.empty() || text[0] != '-') {
            return fail(errc::bad_payload, "illegal attachments");
        }
        p.attachments = *count;
        text.remove_prefix(1);
    }
    if (!text.empty() && text[0] == '/') {
        const auto comma = text.find(',');
        p.nsp = std::string(text.substr(0, comma));
        p.nsp = p.nsp.substr(0, p.nsp.find('?'));  // a query string was allowed there up to revision 4
        if (p.nsp.size() > max_namespace) return fail(errc::bad_payload, "namespace too long");
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    if (starts_with_digit(text)) {
        p.id = take_number<std::uint64_t>(text);
        if (!p.id) return fail(errc::bad_payload, "illegal acknowledgement id");
    }
    if (!text.empty()) {
        auto parsed = base::parse_json(text);
        if (!parsed) return parsed.error();
        p.data = std::move(*parsed);
    }
    if (!has_valid_payload(p)) return fail(errc::bad_payload, "invalid payload");
    return p;
}

base::result<void> restore_attachments(packet& p, std::vector<std::string>& attachments) {
    std::vector<bool> used(attachments.size());
    if (!restore(p.data, attachments, used)) return fail(errc::bad_payload, "illegal placeholder");
    for (const bool each : used) {
        if (!each) return fail(errc::bad_payload, "an attachment without a placeholder");
    }
    p.attachments = 0;
    return {};
}

encoded encode(packet p) {
    encoded out;
    if (p.type == packet_type::event || p.type == packet_type::ack) {
        extract(p.data, out.attachments);
        if (!out.attachments.empty()) {
            p.type = p.type == packet_type::event ? packet_type::binary_event : packet_type::binary_ack;
        }
    }
    out.text.reserve(usual_text);
    append_head(out.text, p.type, out.attachments.size(), p.nsp, p.id);
    if (!p.data.is_null()) base::append_json(out.text, p.data);
    return out;
}

std::string encode_connect(std::string_view nsp, std::string_view answer) {
    std::string text;
    text.reserve(32 + nsp.size() + answer.size());
    append_head(text, packet_type::connect, 0, nsp, std::nullopt);
    return text.append(answer);
}

std::string encode_ack(std::string_view nsp, std::uint64_t id, std::string_view argument) {
    std::string text;
    text.reserve(32 + nsp.size() + argument.size());
    append_head(text, packet_type::ack, 0, nsp, id);
    return text.append("[").append(argument).append("]");
}

std::string encode_event(std::string_view nsp, std::string_view event, std::string_view argument) {
    std::string text;
    text.reserve(32 + nsp.size() + event.size() + argument.size());
    append_head(text, packet_type::event, 0, nsp, std::nullopt);
    base::append_json_text(text.append("["), event);
    return text.append(",").append(argument).append("]");
}

}  // namespace chatterlink::socketio
