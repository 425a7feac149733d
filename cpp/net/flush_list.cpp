#include "net/flush_list.hpp"

#include <exception>
#include <span>
#include <utility>

#include "base/log.hpp"
#include "net/connection.hpp"

namespace chatterlink::net {
namespace {

// Not worth a ring's overhead below.
constexpr std::size_t least_for_ring = 4;

// Connections whose memory is on its way while others are looked at.
constexpr std::size_t fetch_ahead = 4;

template <class F>
void guarded(F f) {
    try {
        f();
    } catch (const std::exception& e) {
        spdlog::error("unexpected exception from what waited for a connection's queue to drain: {}",
                      e.what());
    }
}

}  // namespace

bool flush_list::line::turn_over() {
    if (next_ < going_.size()) return false;
    going_.clear();  // keeps the room
    next_ = 0;
    going_.swap(coming_);
    undecided_ = going_.size();
    return true;
}

bool flush_list::line::take_listeners_first(std::shared_ptr<connection>& c) {
    for (; next_ < undecided_; ++next_) {
        if (next_ + fetch_ahead < undecided_) going_[next_ + fetch_ahead]->expect_use();
        if (!going_[next_]->spoke()) break;
        auto later = std::move(going_[next_]);
        going_.push_back(std::move(later));
    }
    return take(c);
}

bool flush_list::line::take(std::shared_ptr<connection>& c) {
    if (next_ == going_.size()) return false;
    c = std::move(going_[next_++]);
    return true;
}

void flush_list::line::clear() {
    going_.clear();
    coming_.clear();
    undecided_ = 0;
    next_ = 0;
}

flush_list::flush_list() = default;
flush_list::~flush_list() = default;

void flush_list::use_ring() {
    ring_ = send_ring::make(per_round);
}

void flush_list::clear() {
    rested_.clear();
    busy_.clear();
}

void flush_list::flush_some() {
    if (busy_.turn_over()) ++now_;
    rested_.turn_over();
    const auto count = choose();
    if (ring_ && count >= least_for_ring) {
        write_by_ring(count);
    } else {
        write(count);
    }
    for (std::size_t i = 0; i < count; ++i) batch_[i].reset();
}

// Fills the batch; returns how many.
std::size_t flush_list::choose() {
    const auto for_rested = busy_.empty() ? per_round : per_round - busy_per_round;
    std::size_t count = 0;
    while (count < for_rested && rested_.take(batch_[count])) ++count;
    while (count < per_round && busy_.take_listeners_first(batch_[count])) ++count;
    while (count < per_round && rested_.take(batch_[count])) ++count;
    return count;
}

// Each is a system call, after which nothing of the next connection is in the near caches; fetched meanwhile,
// it is there when its turn comes.
void flush_list::write(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (i + 2 < count) batch_[i + 2]->expect_use();
        if (i + 1 < count) batch_[i + 1]->expect_flush_soon();
        guarded([&] { batch_[i]->flush(now_); });
    }
}

// The usual case, one message for a connection, goes through the ring; the others come after it. Nobody
// else's code runs while a connection's bytes are given to the ring and still in its queue.
void flush_list::write_by_ring(std::size_t count) {
    std::array<send_ring::request, per_round> requests;
    std::array<connection*, per_round> sending;
    std::array<connection*, per_round> others;
    std::size_t to_send = 0;
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i + 4 < count) batch_[i + 4]->expect_use();
        if (i + 2 < count) batch_[i + 2]->expect_flush_soon();
        auto& c = *batch_[i];
        if (const auto bytes = c.begin_flush(now_); bytes.empty()) {
            others[left++] = &c;
        } else {
            sending[to_send] = &c;
            requests[to_send++] = {c.handle(), bytes.data(), bytes.size()};
        }
    }
    const auto all = std::span(requests).first(to_send);
    if (to_send > 0 && !ring_->send(all)) {
        spdlog::warn("io_uring failed: sends go one by one from now on");
        ring_.reset();
    }
    for (std::size_t i = 0; i < to_send; ++i) {
        if (all[i].result != send_ring::request::untried) sending[i]->sent(all[i].result);
    }
    for (std::size_t i = 0; i < to_send; ++i) guarded([&] { sending[i]->end_flush(); });
    for (std::size_t i = 0; i < left; ++i) guarded([&] { others[i]->flush(now_); });
}

}  // namespace chatterlink::net
