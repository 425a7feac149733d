// run_app and run_server: parse, start, say where, wait for a signal, stop.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/programs.hpp"
#include "apps/runtime.hpp"
#include "base/error.hpp"

namespace chatterlink::apps {
namespace {

// Waits for SIGINT or SIGTERM, whichever came since it was made.
class end_signal {
  public:
    end_signal() : signals_(context_, SIGINT, SIGTERM) {}
    void wait() {
        signals_.async_wait([](const boost::system::error_code&, int) {});
        context_.run();
    }

  private:
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
};

// Starts a server, prints what it is, waits, stops. 2 for an option that makes no sense, 1 for what the
// machine refused.
template <class Server, class Describe>
int serve(const std::string& program, Server& server, const Describe& describe) {
    try {
        end_signal end;
        server.start();
        describe();
        std::fflush(stdout);
        end.wait();
        std::printf("stopping\n");
        std::fflush(stdout);
        server.stop();
        return 0;
    } catch (const base::failure& e) {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), e.get().message.c_str());
        return e.get().code == base::errc::config_invalid ? 2 : 1;
    }
}

void warn_about_network(const std::string& host) {
    if (is_loopback(host)) return;
    std::printf("  note    everybody who can reach %s can join; put a proxy with TLS in front of it\n",
                host.c_str());
}

}  // namespace

int run_app(const std::string& program, const std::vector<std::string>& arguments) {
    auto parsed = parse_app(program, arguments);
    if (!parsed.options) return parsed.exit_code;
    chat_app app(std::move(*parsed.options));
    return serve(program, app, [&] {
        std::printf("ChatterLink web chat\n");
        std::printf("  open    %s\n", app.url().c_str());
        std::printf("  data    %s\n", app.options().data.c_str());
        std::printf("  store   %s\n", app.store_description().c_str());
        warn_about_network(app.options().host);
        std::printf("  stop    Ctrl-C\n");
    });
}

int run_server(const std::string& program, const std::vector<std::string>& arguments) {
    auto parsed = parse_server(program, arguments);
    if (!parsed.options) return parsed.exit_code;
    line_server server(std::move(*parsed.options));
    return serve(program, server, [&] {
        const bool six = server.options().host.find(':') != std::string::npos;
        std::printf("ChatterLink line chat\n");
        std::printf("  listening on %s%s%s:%u\n", six ? "[" : "", server.options().host.c_str(),
                    six ? "]" : "", static_cast<unsigned>(server.port()));
        std::printf("  join    chatterlink client --port %u, or: nc %s %u\n",
                    static_cast<unsigned>(server.port()), server.options().host.c_str(),
                    static_cast<unsigned>(server.port()));
        warn_about_network(server.options().host);
        std::printf("  stop    Ctrl-C\n");
    });
}

}  // namespace chatterlink::apps
