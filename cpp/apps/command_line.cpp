#include "apps/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

#include "apps/unexpected_argument.hpp"
#include "apps/version.hpp"

namespace chatterlink::apps {
namespace {

constexpr int usage_error = 2;

// The environment's name of an option: CHATTERLINK_RATE_LIMIT of rate-limit.
std::string variable_of(const std::string& name) {
    std::string variable = "CHATTERLINK_" + name;
    for (auto& c : variable)
        c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return variable;
}

// A variable that is set to nothing counts as not set.
std::string value_of(const std::string& variable) {
    const char* const value = std::getenv(variable.c_str());
    return value == nullptr ? std::string() : std::string(value);
}

// The configuration file. CLI11 lets a file win over the environment; here it is the other way round: the
// environment is nearer to who starts the program. So what the environment says is left out of the file.
class config_file final : public CLI::ConfigTOML {
  public:
    std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
        auto found = CLI::ConfigTOML::from_config(input);
        std::erase_if(found, [](const CLI::ConfigItem& item) {
            return item.parents.empty() && !value_of(variable_of(item.name)).empty();
        });
        return found;
    }
};

// In a person's words: CLI11 says "INI was not able to parse colour", or "… chat.++" of a section.
std::string explain(const CLI::ConfigError& e) {
    const std::string said = e.what();
    constexpr std::string_view prefix = "INI was not able to parse ";
    if (!said.starts_with(prefix)) return "configuration file: " + said;
    const std::string key = said.substr(prefix.size());
    return "configuration file: there is no option '" + key.substr(0, key.find(".++")) + "'";
}

// Every option in one shape: --name, CHATTERLINK_NAME, key "name".
CLI::Option* with_environment(CLI::Option* option, const std::string& name) {
    return option->envname(variable_of(name));
}

template <class T>
CLI::Option* add(CLI::App& app, const std::string& name, T& value, const std::string& help) {
    return with_environment(app.add_option("--" + name, value, help)->capture_default_str(), name);
}

const CLI::Validator log_levels =
    CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"});

// on and off, and what people write instead.
const std::map<std::string, bool> switches{{"on", true},  {"off", false}, {"true", true}, {"false", false},
                                           {"yes", true}, {"no", false},  {"1", true},    {"0", false}};

bool is_on(const std::string& word) {
    return switches.at(CLI::detail::to_lower(word));
}

// One that takes these words; is_on() reads it.
void add_switch(CLI::App& app, const std::string& name, std::string& value, const std::string& help) {
    add(app, name, value, help)
        ->check(CLI::IsMember({"on", "off", "true", "false", "yes", "no", "1", "0"}, CLI::ignore_case));
}

struct common {
    std::string rate_limit = "on";
    std::string io_uring = "on";
    std::string unix_socket;
    std::string tls_cert;
    std::string tls_key;
    bool version = false;
};

template <class Options>
void add_common(CLI::App& app, Options& o, common& c) {
    add(app, "host", o.host, "Address to listen on; 0.0.0.0 for every network");
    add(app, "port", o.port, "TCP port; 0 lets the system choose")->check(CLI::Range(0, 65535));
    add(app, "unix-socket", c.unix_socket, "Listen at this Unix socket instead of host and port");
    add(app, "tls-cert", c.tls_cert, "Speak TLS with this certificate (PEM, with its chain)");
    add(app, "tls-key", c.tls_key, "The certificate's private key (PEM, no pass phrase)");
    add(app, "threads", o.threads, "Threads that serve connections; 0: one for each core, at most 8")
        ->check(CLI::Range(0, 1024));
    add_switch(app, "io-uring", c.io_uring, "Send to many at once where Linux allows it: on or off");
    add_switch(app, "rate-limit", c.rate_limit, "Slow down clients that flood: on or off");
    add(app, "log-level", o.log_level, "trace, debug, info, warning, error, critical or off")
        ->check(log_levels);
    // CLI11 reads files before the environment, so the file that the environment names is the default here.
    const std::string file = value_of("CHATTERLINK_CONFIG");
    with_environment(
        app.set_config("--config", file,
                       "Configuration file: lines of key = value, the keys as the options' names",
                       !file.empty()),
        "config");
    app.config_formatter(std::make_shared<config_file>());
    app.allow_config_extras(false);
    app.add_flag("--version", c.version, "Print the version and leave")->configurable(false);
}

// One clear line, as every other program does.
int complain(const std::string& program, const std::string& sentence) {
    std::string line = sentence;
    for (auto& ch : line) {
        if (ch == '\n') ch = ' ';
    }
    std::fprintf(stderr, "%s: %s (see %s --help)\n", program.c_str(), line.c_str(), program.c_str());
    return usage_error;
}

template <class Options>
parsed<Options> parse(CLI::App& app, const std::string& program, std::vector<std::string> arguments,
                      Options& o, common& c) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return {std::nullopt, 0};
    } catch (const CLI::ConfigError& e) {
        return {std::nullopt, complain(program, explain(e))};
    } catch (const CLI::ExtrasError&) {
        return {std::nullopt, complain(program, unexpected_argument(app.remaining()))};
    } catch (const CLI::ParseError& e) {
        return {std::nullopt, complain(program, e.what())};
    }
    if (c.version) {
        std::printf("%s %s\n", program.c_str(), version());
        return {std::nullopt, 0};
    }
    o.io_uring = is_on(c.io_uring);
    o.rate_limit = is_on(c.rate_limit);
    o.listen = {c.unix_socket, c.tls_cert, c.tls_key, {}};
    return {std::move(o), 0};
}

}  // namespace

parsed<app_options> parse_app(const std::string& program, const std::vector<std::string>& arguments) {
    app_options o;
    common c;
    std::string data;
    std::string ws_deflate = "off";
    CLI::App app("The web chat: page, Socket.IO and uploads on one port.", program);
    add_common(app, o, c);
    add(app, "data", data,
        "Folder for the database and uploads; default $XDG_DATA_HOME/chatterlink, else "
        "~/.local/share/chatterlink");
    add(app, "store", o.store, "Where messages are kept: sqlite or memory")
        ->check(CLI::IsMember({"sqlite", "memory"}));
    add(app, "max-upload", o.max_upload, "Largest image taken, in bytes (10MB, 512KB … work too)")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
    add_switch(app, "ws-deflate", ws_deflate,
               "Compress messages on WebSockets for clients that can (permessage-deflate): on or off");
    add(app, "trusted-proxies", o.trusted_proxies,
        "Believe X-Forwarded-* from these: addresses, networks (10.0.0.0/8), unix; with commas between");
    auto result = parse(app, program, arguments, o, c);
    if (result.options) {
        result.options->data = data;
        result.options->ws_deflate = is_on(ws_deflate);
    }
    return result;
}

parsed<line_server_options> parse_server(const std::string& program,
                                         const std::vector<std::string>& arguments) {
    line_server_options o;
    common c;
    bool no_echo = false;
    CLI::App app("The basic chat: lines of text over TCP.", program);
    add_common(app, o, c);
    with_environment(app.add_flag("--no-echo", no_echo, "Do not send a message back to its sender"),
                     "no-echo");
    auto result = parse(app, program, arguments, o, c);
    if (result.options) result.options->echo = !no_echo;
    return result;
}

}  // namespace chatterlink::apps
