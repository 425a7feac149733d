// What can be set, with defaults. Every field is an option, an environment variable CHATTERLINK_<NAME> and a
// key of the configuration file (docs/operations.md); command_line.cpp is the one place that reads all three.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace chatterlink::apps {

/// How a server is reached, apart from host and port.
struct listen_options {
    std::filesystem::path unix_socket;  // instead of host and port; empty: none
    std::filesystem::path tls_cert;     // PEM, with the chain; empty: no TLS
    std::filesystem::path tls_key;      // PEM; given with tls_cert
    std::vector<int> inherited;         // listening sockets (systemd) instead of all of the above's addresses
};

/// `chatterlink app`
struct app_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 5000;     // 0: the system chooses one; chat_app::port() tells
    std::filesystem::path data;    // empty: $XDG_DATA_HOME/chatterlink, else ~/.local/share/chatterlink
    std::string store = "sqlite";  // memory | sqlite
    unsigned threads = 0;          // shards; 0: one for each core, at most 8
    bool io_uring = true;          // for sends, where the system has it
    bool rate_limit = true;
    std::uint64_t max_upload = 10 * 1024 * 1024;  // bytes of one image
    std::string trusted_proxies;                  // whose X-Forwarded-* count (net/trusted_proxies.hpp)
    bool ws_deflate = false;                      // permessage-deflate on WebSockets (RFC 7692)
    std::string log_level = "info";
    listen_options listen{};
};

/// `chatterlink server`
struct line_server_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 5555;
    bool echo = true;  // the sender gets its own message back
    unsigned threads = 1;
    bool io_uring = true;  // for sends, where the system has it
    bool rate_limit = true;
    std::string log_level = "info";
    listen_options listen{};
};

/// `chatterlink client`
struct line_client_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 5555;
    std::string name;  // sent as /name after connecting when not empty
    bool reconnect = true;
    bool tls = false;
    std::filesystem::path tls_ca;  // PEM, whom to believe; empty: the system's certificates
};

/// The folder used when none is given.
std::filesystem::path default_data_folder();

}  // namespace chatterlink::apps
