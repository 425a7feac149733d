#include "net/send_queue.hpp"

namespace chatterlink::net {

std::size_t send_queue::gather(std::span<iovec> out) const noexcept {
    std::size_t n = 0;
    std::size_t skip = offset_;
    for (std::size_t i = head_; i < waiting_.size() && n < out.size(); ++i, ++n) {
        const auto& buffer = *waiting_[i];
        out[n].iov_base = const_cast<char*>(buffer.data() + skip);  // writev only reads
        out[n].iov_len = buffer.size() - skip;
        skip = 0;
    }
    return n;
}

void send_queue::consume(std::size_t n) noexcept {
    bytes_ -= n;
    while (head_ < waiting_.size()) {
        const std::size_t left = waiting_[head_]->size() - offset_;
        if (n < left) {
            offset_ += n;
            return forget_written();
        }
        n -= left;
        offset_ = 0;
        waiting_[head_++].reset();
    }
    clear();
}

// A reader that is always a little behind never empties the queue: what was written must not pile up.
void send_queue::forget_written() noexcept {
    if (head_ < kept_capacity || head_ < waiting_.size() / 2) return;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
}

void send_queue::clear() noexcept {
    waiting_.clear();
    if (waiting_.capacity() > kept_capacity) std::vector<base::buffer_ptr>().swap(waiting_);
    head_ = offset_ = bytes_ = 0;
}

}  // namespace chatterlink::net
