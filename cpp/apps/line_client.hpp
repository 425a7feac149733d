// A client of the line chat for use from code. The interactive program is built on it (client_program.cpp).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/options.hpp"

namespace chatterlink::apps {

/// One connection and a thread that reads it. Members may be called from any thread.
class line_client {
 public:
    explicit line_client(line_client_options options);
    ~line_client();  // stops

    /// Connects (blocking, at most 10 s). Throws base::failure: io_failed (refused, unknown host, time-out).
    void start();
    /// Closes the connection; receive() ends with nullopt. Any number of times.
    void stop();

    bool connected() const noexcept;

    /// Sends one line (a newline is added). Throws base::failure: message_invalid (holds a newline),
    /// message_too_long, io_failed (not connected).
    void send(std::string_view line);

    /// The next line without its newline, oldest first; nullopt after the time, or when the connection is over and
    /// everything was taken. At most 10,000 lines wait; then reading pauses (TCP back-pressure).
    std::optional<std::string> receive(std::chrono::milliseconds timeout);

    /// True once the connection is over and nothing is left to receive.
    bool ended() const noexcept;

 private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chatterlink::apps
