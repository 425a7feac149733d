// The line face: TCP connections speaking the line protocol (docs/protocol.md) to chat::service.
#pragma once

#include <atomic>
#include <memory>

#include "chat/events.hpp"
#include "chat/service.hpp"
#include "net/connection.hpp"

namespace chatterlink::gateways {

/// Encodes messages for line clients, byte for byte; they are told nothing else.
class line_encoder final : public chat::event_encoder {
  public:
    void encode(const chat::event& what, hub::frame& into) const override;
};

struct line_gateway_options {
    bool echo = true;                         // the sender gets its own messages back
    std::string room = "lobby";               // where everybody starts
    base::milliseconds line_timeout{10'000};  // for a line that began to arrive
};

class line_gateway {
  public:
    line_gateway(chat::service& rules, line_gateway_options how) : rules_(rules), options_(std::move(how)) {}

    /// A new connection, on its shard. It is joined to the room under a free name ("guest-7").
    void serve(std::shared_ptr<net::connection> c);

    chat::service& rules() noexcept { return rules_; }
    const line_gateway_options& options() const noexcept { return options_; }
    std::uint64_t next_guest() noexcept { return guests_.fetch_add(1, std::memory_order_relaxed); }

  private:
    chat::service& rules_;
    const line_gateway_options options_;
    std::atomic<std::uint64_t> guests_{1};
};

}  // namespace chatterlink::gateways
