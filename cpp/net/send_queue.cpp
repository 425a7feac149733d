#include "net/send_queue.hpp"

#include <utility>

namespace chatterlink::net {
namespace {

void free_all(queue_nodes::node* first) noexcept {
    while (first != nullptr) delete std::exchange(first, first->next);
}

}  // namespace

queue_nodes::~queue_nodes() {
    free_all(spare_);
}

send_queue::~send_queue() {
    free_all(first_);
}

std::size_t send_queue::gather(std::span<iovec> out) const noexcept {
    std::size_t n = 0;
    std::size_t skip = offset_;
    for (const auto* at = first_; at != nullptr && n < out.size(); at = at->next, ++n) {
        const auto& buffer = *at->bytes;
        out[n].iov_base = const_cast<char*>(buffer.data() + skip);  // writev only reads
        out[n].iov_len = buffer.size() - skip;
        skip = 0;
    }
    return n;
}

void send_queue::consume(std::size_t n, queue_nodes& nodes) noexcept {
    bytes_ -= n;
    while (first_ != nullptr) {
        const std::size_t left = first_->bytes->size() - offset_;
        if (n < left) {
            offset_ += n;
            return;
        }
        n -= left;
        offset_ = 0;
        nodes.give_back(std::exchange(first_, first_->next));
    }
}

void send_queue::clear(queue_nodes& nodes) noexcept {
    while (first_ != nullptr) nodes.give_back(std::exchange(first_, first_->next));
    offset_ = bytes_ = 0;
}

}  // namespace chatterlink::net
