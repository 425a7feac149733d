#include "load/options.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <type_traits>
#include <utility>

#include "load/message_text.hpp"

namespace chatterlink::load {
namespace {

using namespace std::string_literals;

constexpr std::array scenarios{scenario::fanout, scenario::flood, scenario::acked, scenario::idle,
                               scenario::connect};
constexpr std::array protocols{protocol::socketio, protocol::polling, protocol::lines, protocol::websocket};

constexpr std::uint64_t most_streams = 100'000'000;  // 4 bytes each

constexpr const char* about =
    "Puts load on a chat server, checks every delivery, and reports throughput, latency, CPU and memory.\n"
    "\n"
    "Scenarios:\n"
    "  fanout   messages at fixed times (--rate) to the members of a room; latencies count from those times\n"
    "  flood    as fast as it goes: a sender has --in-flight messages on the way, and sends the next one "
    "when\n"
    "           one of its own came back\n"
    "  acked    the same, but the next one is sent when one was acknowledged (Socket.IO)\n"
    "  idle     all clients connect and join, then stay: joins a second, memory and CPU of a connection\n"
    "  connect  the same without joining\n";

constexpr const char* footer =
    "The server has to be free of rate limits: chatterlink-app --store memory --rate-limit off.\n"
    "Exit code: 0 every delivery verified; 1 some lost, doubled or out of order (they are counted in the "
    "report);\n"
    "2 the measurement could not be made.\n";

// A validator that reads one of the names, and lists them when it is none.
template <class Value, std::size_t Count>
CLI::Validator one_of(const std::array<Value, Count>& values) {
    return CLI::Validator(
        [values](std::string& word) -> std::string {
            std::string all;
            for (const auto value : values) {
                if (word == name_of(value)) {
                    word = std::to_string(static_cast<int>(value));  // as CLI11 reads an enumeration
                    return {};
                }
                all.append(all.empty() ? "" : ", ").append(name_of(value));
            }
            return "'" + word + "' is none of " + all;
        },
        "");
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

// An option with a number, of which --help says what it is for and not its type and limits.
template <class T>
CLI::Option* number(CLI::App& app, const std::string& name, T& value, std::type_identity_t<T> least,
                    std::type_identity_t<T> most, const std::string& help) {
    return app.add_option(name, value, help)->check(CLI::Range(least, most).description(""))->type_name("N");
}

// What each scenario takes when nothing is said.
void fill_in(options& o) {
    const bool flood = o.what == scenario::flood;
    const bool acked = o.what == scenario::acked;
    const bool fanout = o.what == scenario::fanout;
    if (o.path.empty()) o.path = o.how == protocol::websocket ? "/" : "/socket.io/";
    if (o.senders == 0 && acked) o.senders = o.clients != 0 ? std::min(o.clients, 50U) : 50;
    if (o.rooms == 0) o.rooms = acked ? o.senders : 1;
    if (o.clients == 0) o.clients = acked ? o.senders : flood ? 100 : 1000;
    if (o.senders == 0 && flood) o.senders = std::min(o.clients, 10U);
    if (o.senders == 0 && fanout) o.senders = o.rooms;
    if (o.in_flight == 0) o.in_flight = 4;
    if (o.rate == 0) o.rate = 50;
    if (!fanout) o.rate = 0;
    if (!flood && !acked) o.in_flight = 0;
    if (!flood && !acked && !fanout) o.senders = 0;
}

// What no single option's range says; empty when all is well.
std::string contradiction(const options& o) {
    if (o.port == 0 && o.unix_socket.empty()) return "--port is required (or --unix-socket)";
    if (o.what == scenario::acked && !o.acks())
        return "acked: only Socket.IO acknowledges (--protocol socketio, polling)";
    if (o.senders > o.clients) return "more --senders than --clients";
    if (o.rooms > o.clients) return "more --rooms than --clients";
    if (std::uint64_t{o.senders} * o.clients / o.rooms > most_streams)
        return "too many sequences to check: --senders times --clients of a room may be 100 million";
    if (o.warmup + o.duration >= o.timeout)
        return "--timeout has to be more than --warmup and --duration together";
    if (o.deflate && o.how != protocol::socketio && o.how != protocol::websocket)
        return "--deflate is for WebSockets (--protocol socketio, websocket)";
    if (o.awake && o.what != scenario::fanout) return "--awake is for fanout";
    if (o.upgrade && o.how != protocol::socketio) return "--transport-upgrade is for --protocol socketio";
    if (o.path[0] != '/') return "--path has to begin with /";
    return {};
}

// Words that become switches.
struct words {
    std::string deflate = "off";
    std::string upgrade = "no";
    std::string awake = "no";
};

void add_server(CLI::App& app, options& o, words& w) {
    app.add_option("--host", o.host, "The server's name or address")
        ->capture_default_str()
        ->type_name("HOST");
    number(app, "--port", o.port, 1, 65535, "The server's port (required, unless --unix-socket is given)");
    app.add_option("--unix-socket,--unix", o.unix_socket, "Connect to this Unix socket instead")
        ->type_name("PATH");
    app.add_option("--protocol", o.how,
                   "socketio (over a WebSocket), polling (Socket.IO), lines, or websocket (bare)")
        ->transform(one_of(protocols))
        ->default_str("socketio")
        ->type_name("");
    app.add_option("--path", o.path, "What is asked for; /socket.io/, websocket: / (?room=NAME is added)")
        ->type_name("PATH");
    app.add_option("--deflate", w.deflate,
                   "Have the server compress (permessage-deflate), on WebSockets: on or off")
        ->check(CLI::IsMember({"on", "off"}).description(""))
        ->capture_default_str()
        ->type_name("");
    app.add_option("--transport-upgrade", w.upgrade,
                   "socketio: begin by polling and upgrade, as browsers' clients do: yes or no")
        ->check(CLI::IsMember({"yes", "no"}).description(""))
        ->capture_default_str()
        ->type_name("");
    number(app, "--pid", o.pid, 1, std::int64_t{1} << 31U,
           "The server's process: its CPU time and memory are read, its children's too");
}

void add_load(CLI::App& app, options& o, words& w) {
    number(app, "--clients", o.clients, 1, 1'000'000,
           "Connections; 1000, flood: 100, acked: as many as senders");
    number(app, "--rooms", o.rooms, 1, 1'000'000,
           "Rooms they are spread over; 1, acked: one for each sender");
    number(app, "--senders", o.senders, 1, probe_sender - 1,
           "How many of them send; fanout: one a room, flood: 10, acked: 50");
    number(app, "--rate", o.rate, 0.001, 10'000'000,
           "fanout: messages a second, of all senders together; 50");
    number(app, "--in-flight", o.in_flight, 1, 1'000'000,
           "flood, acked: messages of one sender on the way; 4");
    number(app, "--size", o.size, least_text_size, 1'000'000, "Bytes of a message's text")
        ->capture_default_str();
    app.add_option("--room", o.room, "The room's name; with several rooms, what their names begin with")
        ->check([](const std::string& name) { return name.empty() ? "a room has a name"s : ""s; })
        ->capture_default_str()
        ->type_name("NAME");
    number(app, "--concurrency", o.concurrency, 1, 100'000, "How many clients connect at a time")
        ->capture_default_str();
    app.add_option("--awake", w.awake,
                   "fanout: do not sleep while there is load, so that the server need not wake this program; "
                   "takes a core of its own: yes or no")
        ->check(CLI::IsMember({"yes", "no"}).description(""))
        ->capture_default_str()
        ->type_name("");
}

void add_times(CLI::App& app, options& o) {
    number(app, "--warmup", o.warmup, 0, 86'400, "Seconds of load (idle: of waiting) that are not measured")
        ->capture_default_str();
    number(app, "--duration", o.duration, 0.01, 86'400, "Seconds that are measured")->capture_default_str();
    number(app, "--drain", o.drain, 0, 3'600, "Seconds to wait afterwards for what has not arrived")
        ->capture_default_str();
    number(app, "--timeout", o.timeout, 0.1, 200'000, "Seconds for all of it, connecting included")
        ->capture_default_str();
}

}  // namespace

std::string_view name_of(scenario s) noexcept {
    constexpr std::array<std::string_view, 5> names{"fanout", "flood", "acked", "idle", "connect"};
    return names[static_cast<std::size_t>(s)];
}

std::string_view name_of(protocol p) noexcept {
    constexpr std::array<std::string_view, 4> names{"socketio", "polling", "lines", "websocket"};
    return names[static_cast<std::size_t>(p)];
}

command read_command(const std::string& program, const std::vector<std::string>& arguments) {
    options o;
    CLI::App app(about, program);
    app.footer(footer);
    app.set_version_flag("--version", program + " " CHATTERLINK_VERSION, "Print the version and exit");
    app.add_option("scenario", o.what, "fanout, flood, acked, idle or connect")
        ->required()
        ->transform(one_of(scenarios))
        ->type_name("");
    words w;
    add_server(app, o, w);
    add_load(app, o, w);
    add_times(app, o);
    app.add_option("--json", o.json,
                   "Write the report as JSON to this file; - for standard output, instead of the text")
        ->type_name("FILE");
    const auto complain = [&](const std::string& sentence) {
        std::fprintf(stderr, "%s: %s (--help lists the options)\n", program.c_str(), sentence.c_str());
        return command{std::nullopt, 2};
    };
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ExtrasError&) {  // whose words name the last one first
        return complain("what is '" + app.remaining().front() + "'?");
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return {std::nullopt, app.exit(e)};  // prints the help or the version
        return complain(first_line(e.what()));
    }
    o.deflate = w.deflate == "on";
    o.upgrade = w.upgrade == "yes";
    o.awake = w.awake == "yes";
    o.room_given = app.count("--room") > 0;
    fill_in(o);
    if (const auto problem = contradiction(o); !problem.empty()) return complain(problem);
    return {std::move(o), 0};
}

}  // namespace chatterlink::load
