// How the application lets a new session in or keeps it out: at once, or later and from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "engineio/session.hpp"
#include "net/http.hpp"

namespace chatterlink::engineio {

class client;

/// What the layer above keeps for one client and wants to hear of it. Called on the client's shard.
class client_handler {
  public:
    virtual ~client_handler() = default;
    /// Never before the session was accepted.
    virtual void on_message(std::string_view data, bool binary) = 0;
    /// The WebSocket has taken over from polling.
    virtual void on_upgrade() {}
    /// Once, last; the client sends nothing any more. Also when the session ends while it still waits for
    /// admission; not when it was refused.
    virtual void on_close(close_reason why) = 0;
};

/// The errors of the protocol's JSON bodies, `{"code":…,"message":…}`.
enum class protocol_error : int {
    unknown_transport = 0,
    unknown_sid = 1,
    bad_handshake_method = 2,
    bad_request = 3,
    forbidden = 4,
    unsupported_version = 5,
};
std::string_view protocol_error_message(protocol_error code) noexcept;

/// The HTTP answer to who is not let in.
struct refusal {
    unsigned status = 403;
    std::string body{};  // JSON

    /// `{"code":…,"message":…}` with 403 for forbidden, else 400. Without a message: the code's own.
    static refusal because(protocol_error code, std::string_view message = {});
    net::response answer() const;
};

/// Let in: who hears of the client. Never null.
using admitted = std::unique_ptr<client_handler>;
/// Decided later, with the client's admission(), at most settings::connect_timeout from now. The handler
/// hears from now on if the client goes meanwhile.
struct decide_later {
    std::unique_ptr<client_handler> handler;
};
using decision = std::variant<admitted, refusal, decide_later>;

/// A session that waits for the application's word. May be copied and kept; does nothing for a client that is
/// gone or was decided already. Any thread.
class admission {
  public:
    admission(std::weak_ptr<client> who, net::shard& home) : who_(std::move(who)), home_(&home) {}
    void accept() const;
    void refuse(refusal why) const;

  private:
    std::weak_ptr<client> who_;
    net::shard* home_;
};

}  // namespace chatterlink::engineio
