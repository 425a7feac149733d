// A client of the line chat for use from code. The interactive program is built on it (client_link.cpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/options.hpp"

namespace chatterlink::apps {

/// One connection and a thread that reads it. Members may be called from any thread.
///
/// Only what was received is queued; send() hands the line to the system before it returns. A line can be
/// lost nevertheless when the connection ends at that moment, as TCP cannot tell how much of it arrived.
class line_client {
  public:
    /// Nothing happens before start(). `reconnect` is for the program; this class never reconnects by itself.
    explicit line_client(line_client_options options);
    ~line_client();  // stops

    /// Connects (blocking, at most 10 s, over IPv4 and IPv6; with TLS if the options say so) and, when a name
    /// is set, sends "/name NAME". Already connected: nothing happens. After the connection ended or stop()
    /// it connects anew; what was not received then is gone. Throws base::failure: io_failed, "cannot reach
    /// HOST:PORT (reason)"; name_invalid (a name with a newline); shutting_down (stop() was called
    /// meanwhile).
    void start();

    /// Tells the server that no more comes, waits up to 250 ms for it to take what was sent, closes. What was
    /// received stays receivable; a waiting receive() returns. Any number of times.
    void stop();

    /// True from start() until the connection is over, for whatever reason.
    bool connected() const noexcept;

    /// Sends one line (a newline is added), blocking while the server takes nothing, at most 10 s; the
    /// connection is over after that. A program that sends much should receive in another thread: a server
    /// whose clients do not read stops reading too. Throws base::failure: message_invalid (holds a newline),
    /// message_too_long (over 8,192 bytes), io_failed (not connected).
    void send(std::string_view line);

    /// The next line without its newline, oldest first; nothing after the time, or when the connection is
    /// over and everything was taken. Text that a server sends without newlines is a line after 30 ms of
    /// silence; a line over 64 KiB comes in pieces. At most 10,000 lines or 8 MiB wait; then reading pauses
    /// (TCP back-pressure) until some are taken.
    std::optional<std::string> receive(std::chrono::milliseconds timeout);

    /// True once the connection is over and nothing is left to receive. False before the first start().
    bool ended() const noexcept;

    static constexpr std::size_t max_waiting_lines = 10'000;
    static constexpr std::size_t max_waiting_bytes = 8 * 1024 * 1024;
    static constexpr std::size_t max_received_line = 64 * 1024;
    static constexpr std::chrono::milliseconds connect_limit{10'000};
    static constexpr std::chrono::milliseconds send_limit{10'000};
    static constexpr std::chrono::milliseconds close_limit{250};

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chatterlink::apps
