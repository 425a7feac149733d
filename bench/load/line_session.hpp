// A client of the line chat (docs/protocol.md, "Line protocol"): a line is a message to everybody in the
// room.
#pragma once

#include "load/connection.hpp"
#include "load/session.hpp"

namespace chatterlink::load {

/// Ready as soon as it is connected: such a server need not say anything, so whether it knows the client has
/// to be found out with a probe.
class line_session final : public session, private connection_owner {
  public:
    line_session(surroundings& around, std::uint32_t number)
        : session(around, number), connection_(around.loop, *this) {}

    void start() override;
    void say(std::string_view text, std::uint32_t seq) override;
    void flush() override;
    void close() noexcept override;

  private:
    void on_connected(connection& c) override;
    std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) override;
    void on_closed(connection& c, const std::string& why) override;

    connection connection_;
};

}  // namespace chatterlink::load
