// One Engine.IO session with its transports: does what engineio::session decides. One shard.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/admission.hpp"
#include "engineio/session.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

namespace chatterlink::engineio {

class client final : public net::websocket::listener, public std::enable_shared_from_this<client> {
  public:
    /// Packets in the answer to one poll. The protocol sets no limit, but python-engineio's clients end the
    /// session when there are more (payload.Payload.max_decode_packets); the rest waits for the next poll.
    static constexpr std::size_t max_packets_in_answer = 16;

    /// What the clients of one server have in common; outlives them.
    struct common {
        const settings& how;
        const net::websocket_limits& limits;
        std::function<void(client&)> on_gone;  // called last, on its shard
    };

    client(std::string sid, transport first, const common& shared, net::shard& home);
    ~client() override;

    const std::string& sid() const noexcept { return sid_; }
    transport current() const noexcept { return session_.current(); }
    bool open() const noexcept { return session_.open(); }
    net::shard& home() noexcept { return home_; }

    /// For a client whose open handler decides later.
    engineio::admission admission() { return {weak_from_this(), home_}; }

    /// A message as a ready WebSocket frame, text or binary, whose payload begins with the packet digit if
    /// text. The frame is shared as it is over a WebSocket; a poll takes its payload. Before the handshake is
    /// out it waits behind that.
    net::send_outcome send(const base::buffer_ptr& frame, bool volatile_send = false) {
        // A broadcast comes here for each member: the usual case is short.
        if (!polling_ && websocket_ && session_.open()) return websocket_->send(frame, volatile_send);
        return send_by_poll({&frame, 1}, volatile_send);
    }
    /// The frames of one message, a text and its attachments: all of them or none, and the limits count them
    /// as one.
    net::send_outcome send_parts(std::span<const base::buffer_ptr> frames, bool volatile_send = false) {
        if (!polling_ && websocket_ && session_.open()) return websocket_->send_parts(frames, volatile_send);
        return send_by_poll(frames, volatile_send);
    }
    /// send() comes soon: has what it will touch brought into the processor's cache. Called with 0, 1, …
    /// expect_steps - 1: a step looks at what the one before it asked for, so there should be some time
    /// between.
    static constexpr unsigned expect_steps = 3;
    void expect_send(unsigned step) const noexcept {
        if (step == 0) {
            __builtin_prefetch(this);
            __builtin_prefetch(reinterpret_cast<const char*>(this) + 64);
        } else if (websocket_) {
            step == 1 ? __builtin_prefetch(websocket_.get()) : websocket_->expect_send();
        }
    }
    /// Over a WebSocket: what was sent goes out now, and what follows reaches the client in another read.
    void flush_apart();
    /// A message of its own: "4" + data, or binary.
    net::send_outcome send_message(std::string_view data, bool binary = false);

    /// Ends the session: what is queued still goes out, then the close. Over polling to a poll that waits, or
    /// (server_close) to the next one if it comes within settings::close_timeout; for the application it is
    /// over at once.
    void close(close_reason why = close_reason::server_close);
    /// The same without waiting for anybody: the server itself ends.
    void close_at_once();

    /// Reads no more of what the client sends until resume(): for a handler that cannot keep up. A POST under
    /// way gets its answer then.
    void pause();
    void resume();

    // From engineio::server and admission, on the client's shard.
    void start(net::exchange_ptr request, decision how);
    void accept();
    void refuse(const refusal& why);
    /// Whether requests that name it are for it: accepted, and not over for good.
    bool reachable() const noexcept {
        return session_.admitted() && (session_.open() || session_.lingering());
    }
    /// Whether it is over by its client's own close over polling, and no poll has told that client so.
    bool left_without_poll() const noexcept {
        return polling_ && !polling_->told && !session_.open() &&
               session_.reason() == close_reason::client_close;
    }
    /// The answer to a poll that brings nothing.
    static void respond_noop(net::exchange& poll);
    void on_poll(net::exchange_ptr request);
    void on_post(net::exchange_ptr request);
    void on_probe(net::exchange_ptr request);
    /// A POST whose body is still arriving, and the end of that; `id` tells it from others.
    void on_post_begun(const void* id);
    void on_post_ended(const void* id);
    /// Ends a session whose time was up before this moment, be the timer late or not.
    void check_time();

    void websocket_opened() override;
    void websocket_message(std::string_view payload, bool binary) override;
    void websocket_closed(std::uint16_t code) override;

  private:
    class probe;  // the WebSocket of an upgrade that is under way
    // What a session has that is not on an open WebSocket.
    struct polling_state {
        net::exchange_ptr handshake{};  // until the application has decided
        net::exchange_ptr held{};       // the GET that waits for something to send
        net::exchange_ptr parked{};     // the POST whose answer waits for resume()
        const void* posting = nullptr;  // the POST whose body is arriving
        std::vector<base::buffer_ptr>
            queue{};  // frames for the next poll, or for the WebSocket when it opens
        std::size_t bytes = 0;
        std::optional<base::steady_time> full_since{};  // more waits than may
        bool too_slow = false;                          // its end is posted
        bool flush_posted = false;
        bool told = false;  // a poll that waited was answered when the session ended
        std::unique_ptr<probe> upgrade{};
    };

    void act(session::action what, const packet* p);
    net::send_outcome send_by_poll(std::span<const base::buffer_ptr> frames, bool volatile_send);
    bool has_room_for_poll(std::size_t size);
    void enqueue(const base::buffer_ptr& frame);
    void tell_closed();
    void linger();
    void over();
    void start_timer();
    void on_time();

    void on_probe_message(std::string_view payload, bool binary);
    void on_probe_gone();
    void finish_upgrade();
    void drop_probe();

    void watch_for_end(net::exchange& request);
    void post_poll_flush();
    void answer_poll(std::size_t most = max_packets_in_answer);
    static void respond_post(net::exchange& request);
    void let_parked_go();
    static void respond_poll(net::exchange& poll, std::string payload, std::size_t compress_from);

    // First what every send looks at: in a large room none of it is in the cache.
    session session_;
    std::unique_ptr<polling_state> polling_;  // none once a WebSocket is open
    std::shared_ptr<net::websocket> websocket_;
    const common& common_;
    net::shard& home_;
    std::string sid_;
    net::timer clock_;
    std::unique_ptr<client_handler> handler_;
};

}  // namespace chatterlink::engineio
