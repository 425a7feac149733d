#include "load/socketio_session.hpp"

namespace chatterlink::load {

socketio_session::socketio_session(surroundings& around, std::uint32_t number)
    : socketio_client(around, number),
      connection_(around.loop, *this),
      stream_(connection_, around.inflates) {}

void socketio_session::start() {
    connection_.open(around_.server);
}

void socketio_session::flush() {
    connection_.flush();
}

void socketio_session::close() noexcept {
    connection_.close();
}

void socketio_session::send_packet(std::string_view packet) {
    stream_.send(packet);
}

void socketio_session::on_connected(connection&) {
    stream_.begin(around_.server.name(), around_.wanted.path + "?EIO=4&transport=websocket");
}

std::size_t socketio_session::on_bytes(connection&, char* data, std::size_t size, nanoseconds now) {
    const auto used = stream_.feed(
        data, size, [] {},
        [this, now](std::string_view packet) {
            if (packet.starts_with("0")) return on_opened();
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
