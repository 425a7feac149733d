// The thin layer between Beast and a connection: Beast reads straight from the socket, but what it writes
// (the handshake, pongs, close frames) goes through the connection's send queue, so that raw broadcast frames
// and Beast's own never interleave.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/role.hpp>
#include <memory>

#include "net/connection.hpp"

namespace chatterlink::net {

class queued_stream {
  public:
    using executor_type = connection::socket::executor_type;

    explicit queued_stream(std::shared_ptr<connection> c) : connection_(std::move(c)) {}

    executor_type get_executor() { return connection_->stream().get_executor(); }
    connection& lowest() noexcept { return *connection_; }

    template <class Buffers, class Handler>
    auto async_read_some(const Buffers& buffers, Handler&& handler) {
        return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
            [this](auto done, const auto& room) {
                if (!connection_->secure())
                    return connection_->stream().async_read_some(room, std::move(done));
                // One shard is one thread, so the handler's executor is the one this is called on.
                const boost::asio::mutable_buffer first = *boost::asio::buffer_sequence_begin(room);
                connection_->async_read({static_cast<char*>(first.data()), first.size()},
                                        [kept = std::make_shared<decltype(done)>(std::move(done))](
                                            const boost::system::error_code& failed, std::size_t n) {
                                            std::move (*kept)(failed, n);
                                        });
            },
            handler, buffers);
    }

    template <class Buffers, class Handler>
    auto async_write_some(const Buffers& buffers, Handler&& handler) {
        return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
            [this](auto done, const auto& what) {
                const std::string bytes = boost::beast::buffers_to_string(what);
                boost::system::error_code failed;
                if (connection_->send(base::shared_buffer::copy_of(bytes)) == send_outcome::closed) {
                    failed = boost::asio::error::operation_aborted;
                }
                boost::asio::post(get_executor(),
                                  boost::beast::bind_front_handler(std::move(done), failed, bytes.size()));
            },
            handler, buffers);
    }

  private:
    std::shared_ptr<connection> connection_;
};

// Called by Beast when it gives a stream up (boost/beast/core/stream_traits.hpp, close_socket).
inline void beast_close_socket(queued_stream& stream) {
    stream.lowest().close_now();
}

// Called by Beast when the WebSocket is over (found by argument-dependent look-up).
inline void teardown(boost::beast::role_type, queued_stream& stream, boost::system::error_code& failed) {
    stream.lowest().close_after_flush();
    failed = {};
}

template <class Handler>
void async_teardown(boost::beast::role_type, queued_stream& stream, Handler&& handler) {
    stream.lowest().close_after_flush();
    boost::asio::post(stream.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(handler),
                                                                              boost::system::error_code{}));
}

}  // namespace chatterlink::net
