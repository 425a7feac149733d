#include "load/polling_session.hpp"

#include <algorithm>

namespace chatterlink::load {
namespace {

constexpr char separator = '\x1e';  // between the packets of a payload

}  // namespace

polling_session::polling_session(surroundings& around, std::uint32_t number)
    : socketio_client(around, number),
      polls_(
          around.loop, around.server, [this](std::string_view body, nanoseconds now) { on_poll(body, now); },
          [this](const std::string& why) { lost(why); }),
      posts_(
          around.loop, around.server, [this](std::string_view, nanoseconds) { send_waiting(); },
          [this](const std::string& why) { lost(why); }) {}

void polling_session::start() {
    close();
    target_ = around_.wanted.path + "?EIO=4&transport=polling";
    polls_.get(target_);
}

void polling_session::flush() {
    polls_.flush();
    posts_.flush();
}

void polling_session::close() noexcept {
    open_ = false;
    waiting_.clear();
    polls_.close();
    posts_.close();
}

void polling_session::send_packet(std::string_view packet) {
    if (!waiting_.empty()) waiting_ += separator;
    waiting_ += packet;
    send_waiting();
}

void polling_session::send_waiting() {
    if (!open_ || waiting_.empty() || posts_.waiting()) return;
    posts_.post(target_, waiting_);
    waiting_.clear();
    posts_.flush();
}

void polling_session::poll_again() {
    if (!open_ || polls_.waiting()) return;
    polls_.get(target_);
    polls_.flush();
}

void polling_session::on_handshake(std::string_view packet) {
    const auto sid = session_id(packet);
    if (sid.empty()) return lost("the server began no Engine.IO session");
    target_ += "&sid=" + sid;
    open_ = true;
    on_opened();
}

void polling_session::on_poll(std::string_view payload, nanoseconds now) {
    const bool first = !open_;
    for (std::size_t at = 0; at < payload.size();) {
        const auto end = std::min(payload.find(separator, at), payload.size());
        const auto packet = payload.substr(at, end - at);
        at = end + 1;
        if (first && !open_) {
            on_handshake(packet);
        } else {
            on_packet(packet, now);
        }
        if (!open_) return;
    }
    poll_again();
    tell_progress();
}

}  // namespace chatterlink::load
