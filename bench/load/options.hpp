// What to measure: the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterlink::load {

enum class scenario : std::uint8_t {
    fanout,   // open loop: messages at fixed times
    flood,    // closed loop: the next one when one of its own came back
    acked,    // closed loop: the next one when one was acknowledged
    idle,     // connected, joined, and nothing more
    connect,  // connected, not joined
};

enum class protocol : std::uint8_t {
    socketio,   // Socket.IO v5 over Engine.IO v4 on a WebSocket
    polling,    // the same over long polling
    lines,      // lines of text over TCP
    websocket,  // a bare WebSocket: a text frame is a message
};

std::string_view name_of(scenario s) noexcept;
std::string_view name_of(protocol p) noexcept;

struct options {
    scenario what = scenario::fanout;
    protocol how = protocol::socketio;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string unix_socket;
    std::string path;  // of Socket.IO, or of the bare WebSocket
    bool deflate = false;
    bool upgrade = false;  // socketio: begin by polling
    std::uint32_t clients = 0;
    std::uint32_t rooms = 0;
    std::uint32_t senders = 0;    // 0: this scenario sends nothing
    std::uint32_t in_flight = 0;  // of one sender, closed loops only
    double rate = 0;              // messages a second in all, open loop only
    std::uint32_t size = 100;     // bytes of text
    double warmup = 2;            // seconds, as all times here
    double duration = 5;
    double drain = 10;
    double timeout = 120;
    std::uint32_t concurrency = 64;
    bool awake = false;    // open loop only: does not sleep while there is load
    std::int64_t pid = 0;  // 0: none
    std::string room = "bench";
    bool room_given = false;
    std::string json;

    bool sends() const noexcept { return senders > 0; }
    bool acks() const noexcept { return how == protocol::socketio || how == protocol::polling; }
};

/// What to do; or, when help or the version was asked for or something is wrong, the exit code to leave with
/// (0 or 2): what there is to say has been printed.
struct command {
    std::optional<options> wanted{};
    int exit_code = 0;
};

command read_command(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace chatterlink::load
