// The composition root of the web chat and of the line server: builds the layers, owns their threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/options.hpp"

namespace chatterlink::apps {

/// The web chat: Socket.IO, page, uploads, store. All members may be called from any thread, never from a
/// shard.
class chat_app {
  public:
    explicit chat_app(app_options options);
    ~chat_app();  // stops

    /// Opens the store, binds, starts the threads; returns once it accepts connections.
    /// Throws base::failure: config_invalid (a bad option), address_in_use, io_failed (folder, store, bind).
    void start();

    /// Stops accepting, ends the connections, closes the store (nothing acked is lost), joins the threads; at
    /// most about 5 s. Again, or before start(): nothing happens. start() may be called again afterwards.
    void stop();

    /// Reads the TLS certificate and key again; connections that are open keep theirs. False without TLS.
    /// Throws base::failure: io_failed, config_invalid (nothing has changed then).
    bool reload_tls();

    bool running() const noexcept;
    std::uint16_t port() const noexcept;         // the bound one; the configured one before start()
    std::string url() const;                     // "http://127.0.0.1:5000/", "https+unix:/run/chat.sock"
    std::vector<std::string> addresses() const;  // runtime::addresses(); empty when not running
    const app_options& options() const noexcept;
    std::string store_description() const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// The line chat on TCP (docs/protocol.md, "Line protocol"). Same rules as chat_app.
class line_server {
  public:
    explicit line_server(line_server_options options);
    ~line_server();

    void start();
    void stop();
    bool reload_tls();
    bool running() const noexcept;
    std::uint16_t port() const noexcept;
    std::vector<std::string> addresses() const;
    const line_server_options& options() const noexcept;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chatterlink::apps
