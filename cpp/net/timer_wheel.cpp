#include "net/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace chatterlink::net {

void timer::cancel() noexcept {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
}

timer_wheel::timer_wheel(base::steady_time now) noexcept : origin_(now) {
    for (auto& slot : wheel_) slot.anchor.previous_ = slot.anchor.next_ = &slot.anchor;
}

timer_wheel::~timer_wheel() {
    for (auto& slot : wheel_) {
        while (slot.anchor.next_ != &slot.anchor) slot.anchor.next_->cancel();
        slot.anchor.previous_ = slot.anchor.next_ =
            nullptr;  // so that the anchor's own destructor does nothing
    }
}

std::uint64_t timer_wheel::tick_of(base::steady_time t) const noexcept {
    return t <= origin_ ? 0 : static_cast<std::uint64_t>((t - origin_) / tick);
}

void timer_wheel::link_before(timer& anchor, timer& t) noexcept {
    t.next_ = &anchor;
    t.previous_ = anchor.previous_;
    anchor.previous_->next_ = &t;
    anchor.previous_ = &t;
}

void timer_wheel::start(timer& t, base::steady_time now, base::milliseconds delay) noexcept {
    t.cancel();
    // Rounded up by one tick: never early.
    link(t, std::max(tick_of(now + std::max(delay, base::milliseconds{0})) + 1, done_ + 1));
}

void timer_wheel::link(timer& t, std::uint64_t due_tick) noexcept {
    t.due_tick_ = due_tick;
    const std::size_t slot = due_tick % slots;
    link_before(wheel_[slot].anchor, t);
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void timer_wheel::advance(base::steady_time now) {
    const std::uint64_t until = tick_of(now);
    while (done_ < until) {
        // After a long sleep one turn visits every slot; more turns would find nothing new.
        if (until - done_ > slots) done_ = until - slots;
        ++done_;
        const std::size_t slot = done_ % slots;
        const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
        if ((occupied_[slot / 64] & bit) == 0) continue;
        timer& anchor = wheel_[slot].anchor;
        // What is due moves to a list of its own first: a callback may start and cancel any timer. When one
        // throws, the others go back to their slot's successor and fire at the next call.
        struct due_list {
            explicit due_list(timer_wheel& w) : wheel(w) { anchor.previous_ = anchor.next_ = &anchor; }
            ~due_list() {
                while (anchor.next_ != &anchor) {
                    timer* const t = anchor.next_;
                    t->cancel();
                    wheel.link(*t, wheel.done_ + 1);
                }
                anchor.previous_ = anchor.next_ = nullptr;  // so that its own destructor does nothing
            }
            timer_wheel& wheel;
            timer anchor{nullptr, nullptr};
        } list(*this);
        timer& due = list.anchor;
        for (timer* t = anchor.next_; t != &anchor;) {
            timer* const following = t->next_;
            if (t->due_tick_ <= done_) {
                t->cancel();
                link_before(due, *t);
            }
            t = following;
        }
        if (anchor.next_ == &anchor) occupied_[slot / 64] &= ~bit;
        while (due.next_ != &due) {
            timer* const t = due.next_;
            t->cancel();
            t->fire_(t->owner_);
        }
    }
}

std::optional<base::steady_time> timer_wheel::next_due() const noexcept {
    const std::uint64_t first = done_ + 1;
    const std::size_t start = first % slots;
    // Word by word around the wheel; the first word is looked at from `start` up, and again whole at the end.
    for (std::size_t step = 0; step <= occupied_.size(); ++step) {
        const std::size_t word = (start / 64 + step) % occupied_.size();
        std::uint64_t bits = occupied_[word];
        if (step == 0) bits &= ~std::uint64_t{0} << (start % 64);
        if (bits == 0) continue;
        const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        const std::size_t ahead = (slot + slots - start) % slots;
        return origin_ + tick * static_cast<std::int64_t>(first + ahead);
    }
    return std::nullopt;
}

}  // namespace chatterlink::net
