// The barest thing to compare with: uWebSockets' publish and subscribe, with no chat at all.
//   peer-uwebsockets --port N [--joins]
// ws://127.0.0.1:N/?room=NAME: a text frame goes to every member of that room, the sender included, as it
// came.
// With --joins a Socket.IO client that connects and joins is answered, each time with the same texts: what
// the three exchanges cost a server that does nothing for them. There are no rooms then.

#include "uws_api.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr int without_tls = 0;

struct member {
    std::string room;
};

uws_app* app = nullptr;
bool answers_joins = false;

// As long as ChatterLink's to a client that joins a large room: the first 50 names of its members.
const std::string joined = R"(430[{"ok":true,"names":")" + std::string(700, 'x') + R"("}])";

std::string_view header(uws_request* request, std::string_view name) {
    const char* value = nullptr;
    const size_t length = uws_req_get_header(request, name.data(), name.size(), &value);
    return {value, length};
}

void on_upgrade(uws_response* response, uws_request* request, uws_context* context, void* /*user_data*/) {
    constexpr std::string_view room = "room";
    const char* value = nullptr;
    const size_t length = uws_req_get_query(request, room.data(), room.size(), &value);

    const auto key = header(request, "sec-websocket-key");
    const auto protocol = header(request, "sec-websocket-protocol");
    const auto extensions = header(request, "sec-websocket-extensions");
    // The socket carries the pointer until on_close() takes it back.
    auto* joining = new member{length > 0 ? std::string(value, length) : "lobby"};
    uws_res_upgrade(without_tls, response, joining, key.data(), key.size(), protocol.data(), protocol.size(),
                    extensions.data(), extensions.size(), context);
}

member* member_of(uws_socket* socket) {
    return static_cast<member*>(uws_ws_get_user_data(without_tls, socket));
}

void say(uws_socket* socket, std::string_view text) {
    uws_ws_send(without_tls, socket, text.data(), text.size(), uws_text);
}

void answer(uws_socket* socket, std::string_view packet) {
    if (packet == "40") {
        say(socket, R"(40{"sid":"AAAAAAAAAAAAAAAAAAAAAAAA"})");
    } else if (packet.substr(0, 3) == "420") {
        say(socket, joined);
    }
}

void on_open(uws_socket* socket, void* /*user_data*/) {
    if (answers_joins) {
        say(socket, R"(0{"sid":"AAAAAAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,)"
                    R"("pingTimeout":20000,"maxPayload":1000000})");
        return;
    }
    const auto& room = member_of(socket)->room;
    uws_ws_subscribe(without_tls, socket, room.data(), room.size());
}

void on_message(uws_socket* socket, const char* text, size_t length, uws_opcode opcode, void* /*user_data*/) {
    if (opcode != uws_text) {
        return;
    }
    if (answers_joins) {
        answer(socket, {text, length});
        return;
    }
    // The application publishes, not the socket, which would leave itself out.
    const auto& room = member_of(socket)->room;
    uws_publish(without_tls, app, room.data(), room.size(), text, length, opcode, false);
}

void on_close(uws_socket* socket, int /*code*/, const char* /*text*/, size_t /*length*/,
              void* /*user_data*/) {
    delete member_of(socket);
}

void on_listening(us_listen_socket* listener, uws_listen_config config, void* /*user_data*/) {
    if (listener == nullptr) {
        std::fprintf(stderr, "Port %d is taken\n", config.port);
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    answers_joins = argc == 4 && std::string_view(argv[3]) == "--joins";
    if (argc != (answers_joins ? 4 : 3) || std::string_view(argv[1]) != "--port") {
        std::fprintf(stderr, "usage: peer-uwebsockets --port N [--joins]\n");
        return 2;
    }

    app = uws_create_app(without_tls, {});
    uws_behavior behavior{};
    behavior.max_payload = 64 * 1024;
    behavior.idle_timeout = 120;
    behavior.max_backpressure = 64 * 1024 * 1024;  // nothing is dropped: every delivery is checked
    behavior.send_pings_automatically = true;
    behavior.upgrade = on_upgrade;
    behavior.open = on_open;
    behavior.message = on_message;
    behavior.close = on_close;
    uws_ws(without_tls, app, "/*", behavior, nullptr);
    uws_app_listen_with_config(without_tls, app, {std::atoi(argv[2]), "127.0.0.1", 0}, on_listening, nullptr);
    uws_app_run(without_tls, app);
    return 0;
}
