#include "load/socketio_session.hpp"

namespace chatterlink::load {

socketio_session::socketio_session(surroundings& around, std::uint32_t number)
    : socketio_client(around, number),
      connection_(around.loop, *this),
      stream_(connection_, around.inflates) {
    if (!around.wanted.upgrade) return;
    handshake_ = std::make_unique<http_exchange>(
        around.loop, around.server, [this](std::string_view body, nanoseconds) { upgrade(body); },
        [this](const std::string& why) { lost(why); });
}

void socketio_session::start() {
    target_ = around_.wanted.path + "?EIO=4&transport=";
    if (handshake_) return handshake_->get(target_ + "polling");
    target_ += "websocket";
    connection_.open(around_.server);
}

// Nothing is polled for meanwhile, so there is no poll to be ended before the WebSocket takes over.
void socketio_session::upgrade(std::string_view handshake) {
    const auto sid = session_id(handshake);
    if (sid.empty()) return lost("the server began no Engine.IO session");
    target_ += "websocket&sid=" + sid;
    handshake_->close();
    connection_.open(around_.server);
}

void socketio_session::flush() {
    connection_.flush();
}

void socketio_session::close() noexcept {
    connection_.close();
    if (handshake_) handshake_->close();
}

void socketio_session::send_packet(std::string_view packet) {
    stream_.send(packet);
}

void socketio_session::on_connected(connection&) {
    stream_.begin(around_.server.host(), target_);
}

std::size_t socketio_session::on_bytes(connection&, char* data, std::size_t size, nanoseconds now) {
    const auto used = stream_.feed(
        data, size,
        [this] {
            if (handshake_) send_packet("2probe");
        },
        [this, now](std::string_view packet) {
            if (packet.starts_with("0")) return on_opened();
            if (packet == "3probe") {
                send_packet("5");
                return on_opened();
            }
            on_packet(packet, now);
        });
    if (!connection_.is_open()) return size;
    if (!stream_.problem().empty()) {
        lost("the server " + stream_.problem());
        return size;
    }
    tell_progress();
    return used;
}

void socketio_session::on_closed(connection&, const std::string& why) {
    around_.owner.on_lost(*this, "the connection " + why);
}

}  // namespace chatterlink::load
