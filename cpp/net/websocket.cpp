#include "net/websocket.hpp"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "net/http_session.hpp"
#include "net/websocket_deflate.hpp"
#include "net/websocket_frame.hpp"
#include "net/websocket_handshake.hpp"

namespace chatterlink::net {
namespace {

constexpr auto abnormal = static_cast<std::uint16_t>(close_code::abnormal);

response refusal_of(const websocket_handshake& shaken) {
    auto r = response::text(shaken.refused, shaken.why);
    r.headers = {{"Sec-WebSocket-Version", "13"}};
    if (shaken.refused == 426) r.headers.emplace_back("Upgrade", "websocket");  // RFC 9110 §15.5.22
    r.close = true;
    return r;
}

// Bytes of inflated messages that one connection hears in a row, before the shard's others have their turn: a
// read of 64 KiB may hold a thousand times as much.
constexpr std::size_t inflated_in_a_row = 256 * 1024;

// A connection needs a decoder while a message of it arrives: each thread keeps one for the next.
std::unique_ptr<websocket_decoder>& spare_decoder() noexcept {
    thread_local std::unique_ptr<websocket_decoder> spare;
    return spare;
}

class websocket_impl final : public websocket,
                             public byte_reader,
                             public std::enable_shared_from_this<websocket_impl> {
  public:
    websocket_impl(std::shared_ptr<connection> c, listener& who, const websocket_limits& limits,
                   const std::optional<deflate_agreement>& deflate)
        : connection_(std::move(c)),
          deflate_window_(deflate ? deflate->server_window_bits : 0),
          inflates_(deflate.has_value()),
          client_takeover_(deflate && deflate->client_takeover),
          listener_(&who),
          limits_(limits) {}

    /// `answer` to the request; `early`: what came behind that already.
    void start(std::string answer, std::string early) {
        connection_->read_with(shared_from_this());
        connection_->on_drained(nullptr);
        waiting_ = std::make_unique<waiting>(waiting{std::move(answer), std::move(early)});
        boost::asio::post(home().context(), [self = shared_from_this()] {
            if (!self->connection_->open()) return;  // on_closed tells
            self->tell_opened();
            if (!self->answered()) self->send_answer({});
            self->on_unread();
            if (!self->connection_->open()) return;
            self->connection_->start_reading();
            if (self->goes_on_) self->connection_->pause_reading();
        });
    }

    send_outcome send(const base::buffer_ptr& frame, bool volatile_send) override {
        if (closing_) return send_outcome::closed;
        if (deflate_window_ == 0 && !waiting_) return connection_->send(frame, volatile_send);
        return send_another_way(frame, volatile_send);
    }

    send_outcome send_parts(std::span<const base::buffer_ptr> frames, bool volatile_send) override {
        if (closing_) return send_outcome::closed;
        if (frames.empty()) return send_outcome::queued;
        if (deflate_window_ == 0 && answered()) return connection_->send_parts(frames, volatile_send);
        std::vector<base::buffer_ptr> parts(frames.begin(), frames.end());
        if (deflate_window_ != 0) {
            for (auto& each : parts) each = deflated_frame(each, deflate_window_, limits_.deflate);
        }
        const bool droppable = volatile_send && answered();
        if (!answered()) parts[0] = with_answer(parts[0]->view());
        return connection_->send_parts(parts, droppable);
    }

    void expect_send() const noexcept override { connection_->expect_use(); }

    void flush_apart(base::milliseconds gap) override { connection_->flush_apart(gap); }

    void close(close_code code) override {
        if (closing_ || !connection_->open()) return;
        closing_ = true;
        write(websocket_close_frame(static_cast<std::uint16_t>(code)));
        deadline_ = std::make_unique<timer>(
            [](void* self) { static_cast<websocket_impl*>(self)->on_deadline(); }, this);
        home().start_timer(*deadline_, limits_.close_timeout);
    }

    void abort() override {
        closing_ = true;
        connection_->close_now();
        boost::asio::post(home().context(), [self = shared_from_this()] { self->over(abnormal); });
    }

    void pause() override {
        paused_ = true;
        connection_->pause_reading();
    }
    void resume() override {
        if (!std::exchange(paused_, false)) return;
        boost::asio::post(home().context(), [self = shared_from_this()] {
            if (self->paused_) return;
            self->read_on();
        });
    }

    void set_listener(listener& who) noexcept override { listener_ = &who; }
    void detach() noexcept override { listener_ = nullptr; }
    shard& home() noexcept override { return connection_->home(); }

    // One message after the other; the listener may end the connection from inside any of them.
    void on_bytes(std::string_view bytes) override {
        const auto keep = shared_from_this();
        if (!decoder_) decoder_ = take_decoder();
        std::size_t inflated = 0;
        while (connection_->open()) {
            if (paused_ && !bytes.empty()) return keep_unread(bytes);
            if (inflated > inflated_in_a_row && !bytes.empty()) return go_on_later(bytes);
            switch (decoder_->next(bytes)) {
                case websocket_decoder::event::need_more:
                    if (decoder_->idle()) spare_decoder() = std::move(decoder_);
                    return;
                case websocket_decoder::event::message:
                    if (inflates_) inflated += decoder_->payload().size();
                    deliver();
                    break;
                case websocket_decoder::event::ping:
                    if (!closing_)
                        connection_->send(websocket_frame(websocket_opcode::pong, decoder_->payload()));
                    break;
                case websocket_decoder::event::pong:
                    break;
                case websocket_decoder::event::close: {
                    const auto code = static_cast<std::uint16_t>(decoder_->code());
                    return finish(code, {}, code);
                }
                case websocket_decoder::event::failed:
                    return finish(static_cast<std::uint16_t>(decoder_->code()), decoder_->payload(),
                                  abnormal);
            }
        }
    }

    // The peer sends nothing more, without a close frame.
    void on_end() override {
        connection_->close_after_flush();
        over(abnormal);
    }

    void on_closed() override { over(abnormal); }

  private:
    // What waits until the connection is open, or is read again.
    struct waiting {
        std::string answer{};  // to the request; goes out with the first frame, in one piece
        std::string unread{};  // bytes of the client
    };

    send_outcome write(const base::buffer_ptr& frame, bool volatile_send = false) {
        if (answered()) return connection_->send(frame, volatile_send);
        return send_answer(frame->view());
    }

    // Apart, so that the usual send(), which comes for each member of a room, is only a few instructions.
    [[gnu::noinline]] send_outcome send_another_way(const base::buffer_ptr& frame, bool volatile_send) {
        if (deflate_window_ == 0) return write(frame, volatile_send);
        return write(deflated_frame(frame, deflate_window_, limits_.deflate), volatile_send);
    }

    bool answered() const noexcept { return !waiting_ || waiting_->answer.empty(); }

    // Never dropped.
    send_outcome send_answer(std::string_view first_frame) {
        return connection_->send(with_answer(first_frame));
    }

    base::buffer_ptr with_answer(std::string_view first_frame) {
        auto both = base::shared_buffer::copy_of(waiting_->answer, first_frame);
        waiting_->answer.clear();
        return both;
    }

    void keep_unread(std::string_view bytes) {
        if (!waiting_) waiting_ = std::make_unique<waiting>();
        waiting_->unread.append(bytes);
    }

    void go_on_later(std::string_view bytes) {
        keep_unread(bytes);
        goes_on_ = true;
        connection_->pause_reading();
        boost::asio::post(home().context(), [self = shared_from_this()] {
            self->goes_on_ = false;
            if (!self->paused_) self->read_on();  // else resume() does
        });
    }

    // What is there first, and then what comes.
    void read_on() {
        if (goes_on_) return;
        on_unread();
        if (!paused_ && !goes_on_) connection_->resume_reading();
    }

    void on_unread() {
        if (const auto before = std::exchange(waiting_, nullptr)) on_bytes(before->unread);
    }

    std::unique_ptr<websocket_decoder> take_decoder() {
        const websocket_decoder::rules rules{limits_.max_message, limits_.max_fragments, inflates_,
                                             client_takeover_};
        if (!spare_decoder()) return std::make_unique<websocket_decoder>(rules);
        auto spare = std::move(spare_decoder());
        spare->adopt(rules);
        return spare;
    }

    void tell_opened() {
        if (listener_ != nullptr) guarded("opened", [&] { listener_->websocket_opened(); });
    }

    void deliver() {
        if (listener_ == nullptr || closing_) return;
        guarded("message", [&] { listener_->websocket_message(decoder_->payload(), decoder_->binary()); });
    }

    // What a listener throws ends its connection, not the thread's round.
    template <class Call>
    void guarded(const char* where, Call call) {
        try {
            call();
        } catch (const std::exception& e) {
            spdlog::error("websocket {}: {}", where, e.what());
            close(close_code::internal);
        }
    }

    // Our last frame, unless it went before, and the end of the connection (RFC 6455 §5.5.1, §7.1.7).
    void finish(std::uint16_t answer, std::string_view reason, std::uint16_t said) {
        if (!closing_) connection_->send(websocket_close_frame(answer, reason));
        connection_->close_after_flush();
        over(said);
    }

    void on_deadline() {
        const auto keep = shared_from_this();
        connection_->close_now();
        over(abnormal);
    }

    void over(std::uint16_t code) {
        closing_ = true;
        if (deadline_) deadline_->cancel();
        if (auto* const who = std::exchange(listener_, nullptr)) who->websocket_closed(code);
    }

    // First what every send looks at: in a large room none of it is in the cache.
    std::shared_ptr<connection> connection_;
    std::unique_ptr<waiting> waiting_;  // null: nothing
    const int deflate_window_;          // 0: what goes out is not compressed
    bool closing_ = false;
    bool paused_ = false;
    bool goes_on_ = false;  // with what is unread, in one of the shard's next handlers
    const bool inflates_;   // permessage-deflate was agreed on
    const bool client_takeover_;
    listener* listener_;
    const websocket_limits& limits_;
    // What an idle connection has none of.
    std::unique_ptr<websocket_decoder> decoder_;  // of what has arrived in part; has the inflater's memory
    std::unique_ptr<timer> deadline_;             // for the peer's close frame
};

// What a caller holds whose request was refused.
class refused_websocket final : public websocket, public std::enable_shared_from_this<refused_websocket> {
  public:
    refused_websocket(shard& home, listener& who) : home_(home), listener_(&who) {}

    void tell_later() {
        boost::asio::post(home_.context(), [self = shared_from_this()] {
            if (auto* const who = std::exchange(self->listener_, nullptr)) who->websocket_closed(abnormal);
        });
    }
    send_outcome send(const base::buffer_ptr&, bool) override { return send_outcome::closed; }
    send_outcome send_parts(std::span<const base::buffer_ptr>, bool) override { return send_outcome::closed; }
    void flush_apart(base::milliseconds) override {}
    void close(close_code) override {}
    void abort() override {}
    void pause() override {}
    void resume() override {}
    void set_listener(listener& who) noexcept override { listener_ = &who; }
    void detach() noexcept override { listener_ = nullptr; }
    shard& home() noexcept override { return home_; }

  private:
    shard& home_;
    listener* listener_;
};

}  // namespace

std::optional<response> websocket_refusal(const exchange& request) {
    const auto& shaken = request.handshake();
    if (shaken.refused == 0) return std::nullopt;
    return refusal_of(shaken);
}

std::shared_ptr<websocket> websocket::accept(exchange& request, listener& who,
                                             const websocket_limits& limits) {
    const auto& shaken = request.handshake();
    if (shaken.refused != 0) {
        auto none = std::make_shared<refused_websocket>(request.home(), who);
        request.respond(refusal_of(shaken));
        none->tell_later();
        return none;
    }
    const auto deflate = agree_on_deflate(shaken.offers, limits.deflate);
    const auto session = request.take_session();  // and with it `shaken`
    auto answer = switching_protocols(shaken.key, deflate, session->take_headers());
    const auto early = session->leftover().cdata();
    auto made = std::make_shared<websocket_impl>(session->take_connection(), who, limits, deflate);
    made->start(std::move(answer), std::string(static_cast<const char*>(early.data()), early.size()));
    return made;
}

}  // namespace chatterlink::net
