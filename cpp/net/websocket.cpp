#include "net/websocket.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/log.hpp"
#include "net/http_session.hpp"
#include "net/queued_stream.hpp"

namespace chatterlink::net {
namespace {

namespace ws = boost::beast::websocket;

constexpr std::size_t kept_buffer = 4096;  // bytes of read buffer an idle connection may keep

class websocket_impl final : public websocket, public std::enable_shared_from_this<websocket_impl> {
  public:
    websocket_impl(std::shared_ptr<connection> c, listener& who, const websocket_limits& limits)
        : connection_(std::move(c)), stream_(queued_stream(connection_)), listener_(&who), limits_(limits) {
        stream_.read_message_max(limits.max_message);
        stream_.set_option(ws::stream_base::timeout{ws::stream_base::none(), ws::stream_base::none(), false});
    }

    void start(http_session& session) {
        connection_->on_closed([self = shared_from_this()] { self->over(1006); });
        connection_->on_drained(nullptr);
        // Nothing that follows an upgrade request belongs to it: a client speaks WebSocket after the 101
        // only.
        stream_.async_accept(session.message(),
                             [self = shared_from_this()](const boost::system::error_code& failed) {
                                 if (failed) return self->over(1006);
                                 if (self->listener_ != nullptr) self->listener_->websocket_opened();
                                 if (self->connection_->open()) self->read();
                             });
    }

    send_outcome send(base::buffer_ptr frame, bool volatile_send) override {
        if (closing_) return send_outcome::closed;
        return connection_->send(std::move(frame), volatile_send);
    }

    void close(close_code code) override {
        if (closing_ || !connection_->open()) return;
        closing_ = true;
        connection_->home().start_timer(deadline_, limits_.close_timeout);
        stream_.async_close(
            static_cast<ws::close_code>(code),
            [self = shared_from_this()](const boost::system::error_code&) { self->deadline_.cancel(); });
    }

    void abort() override {
        connection_->close_now();
        closing_ = true;
    }

    void set_listener(listener& who) noexcept override { listener_ = &who; }
    void detach() noexcept override { listener_ = nullptr; }
    shard& home() noexcept override { return connection_->home(); }

  private:
    void read() {
        stream_.async_read(buffer_, [self = shared_from_this()](const boost::system::error_code& failed,
                                                                std::size_t) { self->on_read(failed); });
    }

    void on_read(const boost::system::error_code& failed) {
        if (failed) {
            const auto code =
                failed == ws::error::closed ? static_cast<std::uint16_t>(stream_.reason().code) : 1006;
            if (failed != ws::error::closed &&
                failed.category() != ws::make_error_code(ws::error::closed).category()) {
                connection_->close_now();  // the stream broke; protocol errors were answered by Beast with a
                                           // close frame
            }
            return over(code);
        }
        if (listener_ != nullptr && !closing_) {
            const auto data = buffer_.cdata();
            try {
                listener_->websocket_message({static_cast<const char*>(data.data()), data.size()},
                                             stream_.got_binary());
            } catch (const std::exception& e) {
                spdlog::error("websocket message: {}", e.what());
                close(close_code::internal);
            }
        }
        buffer_.consume(buffer_.size());
        if (buffer_.capacity() > kept_buffer) buffer_.shrink_to_fit();
        if (connection_->open()) read();
    }

    void over(std::uint16_t code) {
        closing_ = true;
        deadline_.cancel();
        if (auto* const who = std::exchange(listener_, nullptr)) who->websocket_closed(code);
    }

    std::shared_ptr<connection> connection_;
    ws::stream<queued_stream> stream_;
    boost::beast::flat_buffer buffer_;
    listener* listener_;
    const websocket_limits& limits_;
    timer deadline_{[](void* self) { static_cast<websocket_impl*>(self)->connection_->close_now(); }, this};
    bool closing_ = false;
};

}  // namespace

std::shared_ptr<websocket> websocket::accept(exchange& request, listener& who,
                                             const websocket_limits& limits) {
    const auto session = request.take_session();
    auto made = std::make_shared<websocket_impl>(session->take_connection(), who, limits);
    made->start(*session);
    return made;
}

}  // namespace chatterlink::net
