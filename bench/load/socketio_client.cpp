#include "load/socketio_client.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace chatterlink::load {
namespace {

constexpr std::string_view join_ack_id = "0";  // the messages' numbers, the other ids, begin with 1

// What an ack that says {"ok": false, …} says; else empty. Acks of any other shape are taken for consent.
std::string_view refusal_in(std::string_view arguments) noexcept {
    for (const std::string_view no : {R"("ok":false)", R"("ok": false)"}) {
        if (arguments.find(no) != std::string_view::npos) return arguments;
    }
    return {};
}

std::string shortened(std::string_view text) {
    return text.size() <= 200 ? std::string(text) : std::string(text.substr(0, 200)) + " …";
}

}  // namespace

void socketio_client::say(std::string_view text, std::uint32_t seq) {
    if (before_text_.empty())
        before_text_ = R"(["message",{"room":)" + nlohmann::json(room()).dump() + R"(,"message":")";
    packet_ = "42";
    packet_.append(std::to_string(seq)).append(before_text_).append(text).append("\"}]");
    send_packet(packet_);
}

std::string socketio_client::session_id(std::string_view packet) {
    if (!packet.starts_with("0")) return {};
    const auto open = nlohmann::json::parse(packet.substr(1), nullptr, false);
    if (!open.is_object() || !open.contains("sid") || !open["sid"].is_string()) return {};
    return open["sid"].get<std::string>();
}

void socketio_client::lost(const std::string& why) {
    close();
    around_.owner.on_lost(*this, why);
}

void socketio_client::on_other(std::string_view packet, nanoseconds now) {
    if (packet.starts_with("43")) return on_ack(packet.substr(2), now);
    if (packet.starts_with("40")) return on_joined_namespace();
    if (packet.starts_with("44"))
        return around_.owner.on_refused(*this, "refused the connection: " + shortened(packet.substr(2)));
    if (packet.starts_with("41")) return lost("the server disconnected the socket");
    if (packet.starts_with("2")) return send_packet(std::string("3").append(packet.substr(1)));
    if (packet.starts_with("1")) return lost("the server closed the session");
}

void socketio_client::on_joined_namespace() {
    if (!joins()) return around_.owner.on_ready(*this);
    const nlohmann::json who{{"username", username()}, {"room", room()}};
    send_packet("42" + std::string(join_ack_id) + R"(["join",)" + who.dump() + "]");
}

void socketio_client::on_ack(std::string_view packet, nanoseconds now) {
    const auto arguments = packet.substr(std::min(packet.find('['), packet.size()));
    const auto id = packet.substr(0, packet.size() - arguments.size());
    const auto refusal = refusal_in(arguments);
    if (id == join_ack_id) {
        if (refusal.empty()) return around_.owner.on_ready(*this);
        return around_.owner.on_refused(*this, "refused to let a client join: " + shortened(refusal));
    }
    std::uint32_t seq = 0;
    std::from_chars(id.data(), id.data() + id.size(), seq);
    around_.results.acknowledged(self_.sender, seq, refusal, now);
    ++answered;
    // It will not come back, and its sender must not wait for it.
    if (!refusal.empty()) ++self_.returned;
}

}  // namespace chatterlink::load
