#include "load/line_session.hpp"

namespace chatterlink::load {

void line_session::start() {
    connection_.open(around_.server);
}

void line_session::say(std::string_view text, std::uint32_t) {
    connection_.output().append(text).push_back('\n');
}

void line_session::flush() {
    connection_.flush();
}

void line_session::close() noexcept {
    connection_.close();
}

void line_session::on_connected(connection&) {
    // Everybody begins in the same room; a server that knows no rooms is never asked for one.
    if (joins() && (around_.wanted.room_given || around_.wanted.rooms > 1))
        connection_.output().append("/join ").append(room()).push_back('\n');
    around_.owner.on_ready(*this);
}

std::size_t line_session::on_bytes(connection&, char* data, std::size_t size, nanoseconds now) {
    const std::string_view all(data, size);
    std::size_t at = 0;
    for (auto end = all.find('\n'); end != std::string_view::npos; end = all.find('\n', at)) {
        around_.results.deliver(self_, all.substr(at, end - at), now);
        at = end + 1;
    }
    tell_progress();
    return at;
}

void line_session::on_closed(connection&, const std::string& why) {
    around_.owner.on_lost(*this, "the connection " + why);
}

}  // namespace chatterlink::load
