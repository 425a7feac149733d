#include "apps/client_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "apps/unexpected_argument.hpp"

#ifndef CHATTERLINK_VERSION
#define CHATTERLINK_VERSION "0.0.0"
#endif

namespace chatterlink::apps {
namespace {

/// It is sent as a line, so a newline in it would be a second one.
std::string check_name(const std::string& name) {
    const bool control = std::any_of(name.begin(), name.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
    return control ? "a name cannot hold control characters" : "";
}

std::string check_host(const std::string& host) {
    return host.empty() ? "a host cannot be empty" : "";
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

client_command read_client_command(const std::string& program, const std::vector<std::string>& arguments) {
    client_command command;
    line_client_options& o = command.options;
    bool no_reconnect = false;
    unsigned port = o.port;

    CLI::App app(
        "Talk in the terminal: every line you type goes to everybody in the room.\n"
        "Commands while it runs: /help lists them; quit, Ctrl-D or Ctrl-C leaves (exit code 0).\n"
        "From a pipe or file it sends every line, prints what comes back, and ends.",
        program);
    app.set_version_flag("--version", program + " " CHATTERLINK_VERSION, "Print the version and exit");
    app.add_option("--host", o.host, "The server's name or address")
        ->envname("CHATTERLINK_HOST")
        ->check(check_host)
        ->capture_default_str();
    app.add_option("--port", port, "The server's port")
        ->envname("CHATTERLINK_PORT")
        ->check(CLI::Range(1U, 65535U))
        ->type_name("PORT")
        ->capture_default_str();
    app.add_option("--name", o.name, "Be listed under this name")
        ->envname("CHATTERLINK_NAME")
        ->check(check_name);
    std::string tls_ca;
    app.add_flag("--tls", o.tls, "Speak TLS; the server's certificate has to be good for the host's name")
        ->envname("CHATTERLINK_TLS");
    app.add_option("--tls-ca", tls_ca,
                   "Believe these certificates (PEM) instead of the system's; means --tls")
        ->envname("CHATTERLINK_TLS_CA");
    app.add_flag("--no-reconnect", no_reconnect, "End (exit code 1) when the server goes away");

    const auto complain = [&](const std::string& sentence) {
        std::fprintf(stderr, "%s: %s (--help lists the options)\n", program.c_str(), sentence.c_str());
        command.exit_code = 2;
    };
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ExtrasError&) {
        complain(unexpected_argument(app.remaining()));
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) {
            command.exit_code = app.exit(e);  // prints the help or the version
        } else {
            complain(first_line(e.what()));
        }
    }
    o.port = static_cast<std::uint16_t>(port);
    o.reconnect = !no_reconnect;
    o.tls_ca = tls_ca;
    o.tls = o.tls || !tls_ca.empty();
    return command;
}

}  // namespace chatterlink::apps
