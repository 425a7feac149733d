#include "load/session.hpp"

#include <array>
#include <cstdio>

#include "load/line_session.hpp"
#include "load/polling_session.hpp"
#include "load/socketio_session.hpp"
#include "load/websocket_session.hpp"

namespace chatterlink::load {

std::string session::room() const {
    const auto& name = around_.wanted.room;
    return around_.wanted.rooms == 1 ? name : name + "-" + std::to_string(self_.room);
}

std::string session::username() const {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "b%04x-%u", around_.run & 0xFFFFU, number_);
    return name.data();
}

std::unique_ptr<session> make_session(surroundings& around, std::uint32_t number) {
    switch (around.wanted.how) {
        case protocol::polling:
            return std::make_unique<polling_session>(around, number);
        case protocol::lines:
            return std::make_unique<line_session>(around, number);
        case protocol::websocket:
            return std::make_unique<websocket_session>(around, number);
        case protocol::socketio:
            break;
    }
    return std::make_unique<socketio_session>(around, number);
}

}  // namespace chatterlink::load
