#include "net/queue_nodes.hpp"

#include <cstring>

namespace chatterlink::net {

void message_run::append(const base::buffer_ptr& message) noexcept {
    before_ = std::move(last_);
    before_begins_ = last_begins_;
    last_ = message;
    last_begins_ = size_;
    std::memcpy(bytes_.data() + size_, message->data(), message->size());
    size_ += static_cast<std::uint32_t>(message->size());
}

void message_run::clear() noexcept {
    last_.reset();
    before_.reset();
    size_ = 0;
}

queue_nodes::~queue_nodes() {
    while (spare_ != nullptr) delete std::exchange(spare_, spare_->next);
    while (spare_runs_ != nullptr) delete std::exchange(spare_runs_, spare_runs_->next_);
}

// The node holds a message of its own: its range begins there. In the run that has both; in a new one only
// if nobody has put the message into a run yet.
bool queue_nodes::begin_range(node& last, const base::buffer_ptr& message) {
    if (recent_ != nullptr && recent_->ends_with(message)) {
        if (!recent_->has_before_last(last.bytes)) return false;
    } else {
        const bool small =
            last.bytes->size() <= message_run::largest && message->size() <= message_run::largest;
        if (!small || runs_ == most_runs) return false;
        auto* run = spare_runs_;
        if (run == nullptr) {
            run = new message_run;
        } else {
            spare_runs_ = run->next_;
        }
        ++runs_;
        run->append(last.bytes);
        run->append(message);
        recent_ = run;
    }
    hold(last, *recent_, recent_->before_begins());
    last.bytes.reset();
    return true;
}

void queue_nodes::let_go(node& n) noexcept {
    auto* const run = std::exchange(n.run, nullptr);
    if (--run->holders_ != 0) return;
    if (recent_ == run) recent_ = nullptr;
    run->clear();
    run->next_ = std::exchange(spare_runs_, run);
    --runs_;
}

void queue_nodes::detach(node& n) {
    if (n.run == nullptr) return;
    n.bytes = base::shared_buffer::copy_of(n.view());
    let_go(n);
}

}  // namespace chatterlink::net
