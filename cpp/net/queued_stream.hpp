// The thin layer between Beast and a connection, which does the reading and the writing.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <memory>

#include "net/connection.hpp"

namespace chatterlink::net {

class queued_stream {
  public:
    using executor_type = boost::asio::io_context::executor_type;

    explicit queued_stream(std::shared_ptr<connection> c) : connection_(std::move(c)) {}

    executor_type get_executor() { return connection_->home().context().get_executor(); }
    connection& lowest() noexcept { return *connection_; }

    template <class Buffers, class Handler>
    auto async_read_some(const Buffers& buffers, Handler&& handler) {
        return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
            [this](auto done, const auto& room) {
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

  private:
    std::shared_ptr<connection> connection_;
};

}  // namespace chatterlink::net
