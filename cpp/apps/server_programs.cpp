// run_app and run_server: parse, start, say where, wait for a signal, stop.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/programs.hpp"
#include "apps/runtime.hpp"
#include "apps/socket_activation.hpp"
#include "apps/standard_streams.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace chatterlink::apps {
namespace {

bool is_ignored(int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// Waits for SIGINT, SIGTERM or SIGHUP, whichever came since it was made. While it lives none of them ends the
// process.
class program_signals {
  public:
    program_signals() : signals_(context_, SIGINT, SIGTERM) {
        // The terminal was closed. Whoever started this with nohup wants it to go on.
        if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
    }

    /// SIGHUP is for this, and does not end the program.
    void on_hangup(std::function<void()> what) {
        hangup_ = std::move(what);
        signals_.add(SIGHUP);
    }
    void wait() {
        wait_next();
        context_.run();
    }

  private:
    void wait_next() {
        signals_.async_wait([this](const boost::system::error_code&, int signal) {
            if (signal != SIGHUP || !hangup_) return;
            hangup_();
            wait_next();
        });
    }

    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    std::function<void()> hangup_;
};

// A server goes on with what it has when the new files are no good.
template <class Server>
void reload(Server& server) {
    try {
        if (server.reload_tls()) spdlog::info("the TLS certificate and key are read anew");
    } catch (const base::failure& e) {
        spdlog::error("the TLS certificate stays as it is: {}", e.get().message);
    }
}

// Starts a server, prints what it is, waits, stops. 2 for an option that makes no sense, 1 for what the
// machine refused.
template <class Server, class Describe>
int serve(const std::string& program, Server& server, const Describe& describe) {
    try {
        auto signals = std::make_unique<program_signals>();
        server.start();
        if (!server.options().listen.tls_cert.empty()) signals->on_hangup([&server] { reload(server); });
        describe();
        std::fflush(stdout);
        signals->wait();
        // For as long as there is a process: somebody impatient must not turn its clean end into a kill.
        static auto& kept = *new std::vector<program_signals*>;
        kept.push_back(signals.release());
        std::printf("stopping\n");
        std::fflush(stdout);
        server.stop();
        return 0;
    } catch (const base::failure& e) {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), e.get().message.c_str());
        return e.get().code == base::errc::config_invalid ? 2 : 1;
    }
}

template <class Options>
void warn_about_network(const Options& o) {
    if (is_loopback(o.host) || !o.listen.unix_socket.empty() || !o.listen.inherited.empty()) return;
    std::printf("  note    everybody who can reach %s can join%s\n", o.host.c_str(),
                o.listen.tls_cert.empty() ? "; use --tls-cert or put a proxy with TLS in front of it" : "");
}

// A name may stand for several addresses; one that is missing here is not served.
void tell_addresses(const std::vector<std::string>& all) {
    if (all.size() < 2) return;
    std::printf("  at     ");
    for (const auto& each : all) std::printf(" %s", each.c_str());
    std::printf("\n");
}

// What systemd or the like has opened for this process.
template <class Options>
bool take_inherited(const std::string& program, Options& o) {
    auto found = inherited_sockets();
    if (!found) {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), found.error().message.c_str());
        return false;
    }
    o.listen.inherited = std::move(*found);
    return true;
}

}  // namespace

int run_app(const std::string& program, const std::vector<std::string>& arguments) {
    open_standard_streams();
    auto parsed = parse_app(program, arguments);
    if (!parsed.options) return parsed.exit_code;
    if (!take_inherited(program, *parsed.options)) return 2;
    chat_app app(std::move(*parsed.options));
    return serve(program, app, [&] {
        std::printf("ChatterLink web chat\n");
        std::printf("  open    %s\n", app.url().c_str());
        tell_addresses(app.addresses());
        std::printf("  data    %s\n", app.options().data.c_str());
        std::printf("  store   %s\n", app.store_description().c_str());
        warn_about_network(app.options());
        std::printf("  stop    Ctrl-C\n");
    });
}

int run_server(const std::string& program, const std::vector<std::string>& arguments) {
    open_standard_streams();
    auto parsed = parse_server(program, arguments);
    if (!parsed.options) return parsed.exit_code;
    if (!take_inherited(program, *parsed.options)) return 2;
    line_server server(std::move(*parsed.options));
    return serve(program, server, [&] {
        const auto& o = server.options();
        const bool six = o.host.find(':') != std::string::npos;
        const auto port = static_cast<unsigned>(server.port());
        const char* const tls = o.listen.tls_cert.empty() ? "" : " --tls";
        std::printf("ChatterLink line chat\n");
        if (!o.listen.unix_socket.empty()) {
            std::printf("  listening on %s\n", o.listen.unix_socket.c_str());
        } else {
            std::printf("  listening on %s%s%s:%u%s\n", six ? "[" : "", o.host.c_str(), six ? "]" : "", port,
                        o.listen.tls_cert.empty() ? "" : " with TLS");
            std::printf("  join    chatterlink client --port %u%s", port, tls);
            if (o.listen.tls_cert.empty()) std::printf(", or: nc %s %u", o.host.c_str(), port);
            std::printf("\n");
        }
        tell_addresses(server.addresses());
        warn_about_network(server.options());
        std::printf("  stop    Ctrl-C\n");
    });
}

}  // namespace chatterlink::apps
