#include "net/send_queue.hpp"

#include <utility>

namespace chatterlink::net {

send_queue::~send_queue() {
    while (first_ != nullptr) delete std::exchange(first_, first_->next);
}

std::size_t send_queue::gather(std::span<iovec> out) const noexcept {
    std::size_t n = 0;
    std::size_t skip = offset_;
    for (const auto* at = first_; at != nullptr && n < out.size(); at = at->next, ++n) {
        const auto part = at->view().substr(skip);
        out[n].iov_base = const_cast<char*>(part.data());  // writev only reads
        out[n].iov_len = part.size();
        skip = 0;
    }
    return n;
}

void send_queue::consume(std::size_t n, queue_nodes& nodes) noexcept {
    bytes_ -= n;
    while (first_ != nullptr) {
        const std::size_t left = first_->view().size() - offset_;
        if (n < left) {
            offset_ += n;
            return;
        }
        n -= left;
        offset_ = 0;
        nodes.give_back(std::exchange(first_, first_->next));
    }
}

void send_queue::detach(queue_nodes& nodes) {
    for (auto* n = first_; n != nullptr; n = n->next) nodes.detach(*n);
}

void send_queue::clear(queue_nodes& nodes) noexcept {
    while (first_ != nullptr) nodes.give_back(std::exchange(first_, first_->next));
    offset_ = bytes_ = 0;
}

}  // namespace chatterlink::net
