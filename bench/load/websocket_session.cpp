#include "load/websocket_session.hpp"

#include <array>
#include <cctype>
#include <cstdio>

namespace chatterlink::load {

std::string url_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
            encoded += c;
            continue;
        }
        std::array<char, 4> code{};
        std::snprintf(code.data(), code.size(), "%%%02X", byte);
        encoded += code.data();
    }
    return encoded;
}

websocket_session::websocket_session(surroundings& around, std::uint32_t number)
    : session(around, number), connection_(around.loop, *this), stream_(connection_, around.inflates) {}

void websocket_session::start() {
    connection_.open(around_.server);
}

void websocket_session::say(std::string_view text, std::uint32_t) {
    stream_.send(text);
}

void websocket_session::flush() {
    connection_.flush();
}

void websocket_session::close() noexcept {
    connection_.close();
}

void websocket_session::on_connected(connection&) {
    const auto& path = around_.wanted.path;
    const char* const separator = path.find('?') == std::string::npos ? "?room=" : "&room=";
    stream_.begin(around_.server.host(), path + separator + url_encoded(room()));
}

std::size_t websocket_session::on_bytes(connection&, char* data, std::size_t size, nanoseconds now) {
    const auto used = stream_.feed(
        data, size, [this] { around_.owner.on_ready(*this); },
        [this, now](std::string_view text) { around_.results.deliver(self_, text, now); });
    if (!stream_.problem().empty()) {
        connection_.close();
        around_.owner.on_lost(*this, "the server " + stream_.problem());
        return size;
    }
    tell_progress();
    return used;
}

void websocket_session::on_closed(connection&, const std::string& why) {
    around_.owner.on_lost(*this, "the connection " + why);
}

}  // namespace chatterlink::load
