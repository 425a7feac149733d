// TLS for the line client: an engine between its reading thread and whoever sends.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/tls_engine.hpp"

namespace chatterlink::apps {

/// One connection's. receive() may run in one thread while send() runs in another.
class client_tls {
  public:
    /// Does the handshake on a connected, non-blocking socket; blocks until the time, or until `cancel_fd`
    /// becomes readable. The server has to prove that it is `host`: to the certificates in `ca_file`, or to
    /// the system's when that is empty. Throws base::failure: io_failed with the reason (not to be believed,
    /// no TLS there, no answer), config_invalid (ca_file), shutting_down (called off).
    client_tls(int fd, const std::string& host, const std::filesystem::path& ca_file, base::steady_time until,
               int cancel_fd);

    /// What to send for a text: one caller at a time, in this order. Empty when the connection is lost.
    std::string encrypt(std::string_view text);
    /// What says that nothing more will be sent.
    std::string goodbye();

    /// Takes what came; puts what it means behind `plain`. False when that was the end or the connection is
    /// lost.
    bool decrypt(std::string_view came, std::string& plain);

  private:
    std::string take_output();

    std::mutex lock_;
    std::optional<net::tls_engine> engine_;
};

}  // namespace chatterlink::apps
