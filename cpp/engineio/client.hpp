// One Engine.IO session with its transports: does what engineio::session decides. One shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/session.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

namespace chatterlink::engineio {

class client;

/// What the layer above keeps for one client and wants to hear of it. Called on the client's shard.
class client_handler {
  public:
    virtual ~client_handler() = default;
    virtual void on_message(std::string_view data, bool binary) = 0;
    /// Once, last; the client sends nothing any more.
    virtual void on_close(close_reason why) = 0;
};

class client final : public net::websocket::listener, public std::enable_shared_from_this<client> {
  public:
    /// Bytes that may wait for the next poll before the client counts as too slow.
    static constexpr std::size_t max_poll_queue = 1024 * 1024;
    /// Packets in the answer to one poll. The protocol sets no limit, but python-engineio's clients end the
    /// session when there are more (payload.Payload.max_decode_packets); the rest waits for the next poll.
    static constexpr std::size_t max_packets_in_answer = 16;

    using forget = std::function<void(const client&)>;

    client(std::string sid, transport first, const settings& how, const net::websocket_limits& limits,
           net::shard& home, forget on_gone);
    ~client() override;

    const std::string& sid() const noexcept { return sid_; }
    transport current() const noexcept { return session_.current(); }
    bool open() const noexcept { return session_.open(); }
    net::shard& home() noexcept { return home_; }
    void set_handler(std::unique_ptr<client_handler> h) { handler_ = std::move(h); }

    /// A message as a ready WebSocket frame, text or binary, whose payload begins with the packet digit if
    /// text. The frame is shared as it is over a WebSocket; a poll takes its payload.
    net::send_outcome send(base::buffer_ptr frame, bool volatile_send = false);
    /// A message of its own: "4" + data, or binary.
    net::send_outcome send_message(std::string_view data, bool binary = false);

    /// Ends the session: what is queued still goes out, then the close (over polling to a poll that waits;
    /// the next one finds the session unknown).
    void close(close_reason why = close_reason::server_close);

    // From engineio::server, on the client's shard.
    void start_websocket(net::exchange& request);
    void start_polling(net::exchange_ptr request);
    void on_poll(net::exchange_ptr request);
    void on_post(net::exchange_ptr request);
    void on_probe(net::exchange_ptr request);

    void websocket_opened() override;
    void websocket_message(std::string_view payload, bool binary) override;
    void websocket_closed(std::uint16_t code) override;

  private:
    class probe;  // the WebSocket of an upgrade that is under way
    struct polling_state {
        net::exchange_ptr held{};               // the GET that waits for something to send
        std::vector<base::buffer_ptr> queue{};  // frames for the next poll
        std::size_t bytes = 0;
        bool flush_posted = false;
        std::unique_ptr<probe> upgrade{};
    };

    void act(session::action what, const packet* p);
    void on_probe_message(std::string_view payload, bool binary);
    void on_probe_gone();
    void finish_upgrade();
    void drop_probe();
    void over();
    void post_poll_flush();
    void answer_poll(std::size_t most = max_packets_in_answer);
    void respond_poll(net::exchange_ptr poll, std::string payload);
    void start_timer();
    void on_time();

    std::string sid_;
    const net::websocket_limits& limits_;
    net::shard& home_;
    forget on_gone_;
    session session_;
    net::timer clock_;
    std::unique_ptr<client_handler> handler_;
    std::shared_ptr<net::websocket> websocket_;
    std::unique_ptr<polling_state> polling_;  // none for a session on a WebSocket
    std::string open_packet_;                 // until the WebSocket is open
};

}  // namespace chatterlink::engineio
