// What waits to be written on one connection: references to shared buffers, in order, counted in bytes.
// Holds no socket; net::connection moves it to the kernel with one writev. One thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/shared_buffer.hpp"

namespace chatterlink::net {

/// What became of something given to send.
enum class send_outcome {
    queued,   // it will be written, in order
    dropped,  // volatile, and the queue was full: as if it was never sent
    closed,   // the connection is over, or was closed now because its reader is too slow
};

class send_queue {
  public:
    void push(base::buffer_ptr buffer) {
        bytes_ += buffer->size();
        waiting_.push_back(std::move(buffer));
    }

    bool empty() const noexcept { return head_ == waiting_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

    /// Fills `out` with the front of the queue; returns how many entries.
    std::size_t gather(std::span<iovec> out) const noexcept;

    /// The first n bytes were written: drops the buffers that are done.
    void consume(std::size_t n) noexcept;

    void clear() noexcept;

    /// How many buffers it has room for now.
    std::size_t capacity() const noexcept { return waiting_.capacity(); }

  private:
    void forget_written() noexcept;

    static constexpr std::size_t kept_capacity = 16;  // an idle connection keeps no more than this

    std::vector<base::buffer_ptr> waiting_;
    std::size_t head_ = 0;    // waiting_[head_] is the front
    std::size_t offset_ = 0;  // bytes of the front that are written already
    std::size_t bytes_ = 0;
};

}  // namespace chatterlink::net
