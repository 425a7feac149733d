// What waits to be written on one connection: references to shared buffers, in order, counted in bytes.
// Holds no socket; net::connection moves it to the kernel with one writev. One thread at a time.
//
// A queue is a list whose nodes come from its shard and go back to it: a connection with nothing to write
// holds none, and a broadcast to any number of connections allocates nothing once the shard has had as many.
// Messages that several connections get one behind the other lie in one piece that they share
// (queue_nodes.hpp): a connection's part of a flood is one node and one plain write.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/shared_buffer.hpp"
#include "net/queue_nodes.hpp"

namespace chatterlink::net {

/// What became of something given to send.
enum class send_outcome {
    queued,   // it will be written, in order
    dropped,  // volatile, and the queue was full: as if it was never sent
    closed,   // the connection is over, or was closed now because its reader is too slow
};

class send_queue {
  public:
    send_queue() = default;
    /// After clear() or detach(): a range that is left would keep its run from being used again.
    ~send_queue();
    send_queue(const send_queue&) = delete;
    send_queue& operator=(const send_queue&) = delete;

    /// `nodes`, here and below: the shard's that calls.
    void push(const base::buffer_ptr& buffer, queue_nodes& nodes) {
        const std::size_t size = buffer->size();
        const bool several = nodes.goes_to_several(buffer);
        if (!(several && first_ != nullptr && nodes.extend(*last_, buffer))) {
            auto* const n = nodes.take(buffer);
            (first_ == nullptr ? first_ : last_->next) = n;
            last_ = n;
        }
        bytes_ += size;
    }

    /// Shares nothing with the shard's other queues afterwards: it may go to another shard.
    void detach(queue_nodes& nodes);

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t bytes() const noexcept { return bytes_; }

    /// gather() comes soon.
    void expect_gather() const noexcept { __builtin_prefetch(first_); }

    /// All that is queued, if it lies in one piece; else empty.
    std::string_view only() const noexcept {
        return first_ != nullptr && first_ == last_ ? first_->view().substr(offset_) : std::string_view{};
    }

    /// Fills `out` with the front of the queue; returns how many entries.
    std::size_t gather(std::span<iovec> out) const noexcept;

    /// The first n bytes were written: drops the buffers that are done.
    void consume(std::size_t n, queue_nodes& nodes) noexcept;

    void clear(queue_nodes& nodes) noexcept;

  private:
    queue_nodes::node* first_ = nullptr;
    queue_nodes::node* last_ = nullptr;
    std::size_t offset_ = 0;  // bytes of the front that are written already
    std::size_t bytes_ = 0;
};

}  // namespace chatterlink::net
