// A Socket.IO server that behaves as the one of the protocol's own test suite wants it, for
// tests/py/test_socketio_conformance.py, test_threats_socketio.py and independent clients. Options are
// --name=value; the address is printed once it serves. SIGTERM ends it.
//
// Namespaces / and /custom, and with --dynamic=1 /room-<digits>; /guarded wants {"token":"123"}. A socket
// hears `auth` with what it brought along. `message` comes back as `message-back`, `message-with-ack` as its
// acknowledgement. `join`, `leave` (a room), `tell` (a room, then what its members hear as `told`), `rooms`.
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "base/ids.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "socketio/server.hpp"

namespace {

using namespace chatterlink;
using socketio::json;

class echo final : public socketio::socket_handler {
  public:
    echo(socketio::server& server, socketio::socket& s) : server_(server), socket_(s) {}
    void on_event(const std::string& name, json arguments, socketio::ack answer) override {
        if (name == "message") return socket_.emit("message-back", std::move(arguments));
        if (name == "message-with-ack") return answer(std::move(arguments));
        if (name == "join") socket_.join(arguments.at(0).get<std::string>());
        if (name == "leave") socket_.leave(arguments.at(0).get<std::string>());
        if (name == "tell") {
            const auto room = arguments.at(0).get<std::string>();
            arguments.erase(0);
            server_.emit({.nsp = socket_.nsp(), .rooms = {room}}, "told", std::move(arguments));
        }
        if (answer) answer(json::array({socket_.rooms()}));
    }
    void on_disconnect(engineio::close_reason) override {}

  private:
    socketio::server& server_;
    socketio::socket& socket_;  // outlives its handler
};

std::map<std::string, long> read_options(int count, char** arguments) {
    std::map<std::string, long> given;
    for (int i = 1; i < count; ++i) {
        const std::string each = arguments[i];
        const auto equals = each.find('=');
        if (!each.starts_with("--") || equals == std::string::npos)
            throw std::invalid_argument("not --name=value: " + each);
        given[each.substr(2, equals - 2)] = std::stol(each.substr(equals + 1));
    }
    return given;
}

int serve(const std::map<std::string, long>& given) {
    const auto number = [&](const char* name, long otherwise) {
        const auto found = given.find(name);
        return found == given.end() ? otherwise : found->second;
    };
    base::init_random();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    engineio::settings lower;
    lower.ping_interval = base::milliseconds(number("ping-interval", 300));
    lower.ping_timeout = base::milliseconds(number("ping-timeout", 200));
    lower.max_payload = static_cast<std::uint32_t>(number("max-payload", 1'000'000));
    socketio::settings how;
    how.connect_timeout = base::milliseconds(number("connect-timeout", 45'000));
    how.attachment_timeout = base::milliseconds(number("attachment-timeout", 10'000));
    how.wire = number("msgpack", 0) != 0 ? socketio::parser::msgpack : socketio::parser::text;
    how.recovery.enabled = number("recovery", 0) != 0;

    net::reactor threads(static_cast<base::shard_id>(number("shards", 2)));
    socketio::server server(threads, lower, engineio::origin_policy{}, how);
    const socketio::async_connect_handler accept = [&](const socketio::socket_ptr& s,
                                                       const socketio::handshake& h,
                                                       const socketio::connect_decision& decide) {
        decide.accept(std::make_unique<echo>(server, *s));
        if (!h.recovered) s->emit("auth", json::array({h.auth.is_null() ? json::object() : h.auth}));
    };
    server.on_connect("/", accept);
    server.on_connect("/custom", accept);
    server.on_connect("/guarded", accept);
    server.use("/guarded", [](const socketio::socket_ptr&, const socketio::handshake& h,
                              const socketio::next_step& next) {
        if (h.auth.is_object() && h.auth.value("token", json()) == "123") return next(std::nullopt);
        next(json{{"message", "Not authorized"}, {"data", {{"hint", "a token"}}}});
    });
    if (number("dynamic", 0) != 0) server.on_connect(socketio::namespaces_like("/room-[0-9]+"), accept);
    net::http_server http(server);
    const net::connection_limits limits;
    const auto listener =
        net::listener::open(threads, "127.0.0.1", static_cast<std::uint16_t>(number("port", 0)), limits,
                            [&](std::shared_ptr<net::connection> c) { http.serve(std::move(c)); })
            .value();
    threads.start();
    listener->start();
    std::printf("listening on 127.0.0.1:%u\n", unsigned{listener->port()});
    std::fflush(stdout);

    int signal = 0;
    sigwait(&ends, &signal);
    for (base::shard_id i = 0; i < threads.count(); ++i) threads.post(i, [&] { server.close_all(); });
    threads.stop();
    listener->stop();
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return serve(read_options(count, arguments));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "socketio_echo: %s\n", e.what());
        return 2;
    }
}
