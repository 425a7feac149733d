// Timers by the ten thousand (heartbeats, request deadlines) at the cost of a linked-list insert each.
//
// A hashed wheel (Varghese and Lauck 1987): one slot per tick, a timer further away than one turn stays in
// its slot for several turns. No allocation, no system call: net::shard asks next_due() and arms ONE kernel
// timer. One thread. Time comes in as an argument.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace chatterlink::net {

/// Embedded in its owner; unlinks itself when destroyed. Neither movable nor copyable while linked.
class timer {
  public:
    /// `fire` is called with `owner` when the timer runs out. It may start this or any other timer again.
    timer(void (*fire)(void*), void* owner) noexcept : fire_(fire), owner_(owner) {}
    ~timer() { cancel(); }
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    void cancel() noexcept;
    bool pending() const noexcept { return previous_ != nullptr; }

  private:
    friend class timer_wheel;
    timer* previous_ = nullptr;
    timer* next_ = nullptr;
    std::uint64_t due_tick_ = 0;
    void (*fire_)(void*);
    void* owner_;
};

class timer_wheel {
  public:
    static constexpr base::milliseconds tick{10};
    static constexpr std::size_t slots = 4096;  // one turn: 41 s

    explicit timer_wheel(base::steady_time now) noexcept;
    ~timer_wheel();
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;

    /// Starts a timer, or moves a started one. It fires at the first advance() at or after now + delay.
    void start(timer& t, base::steady_time now, base::milliseconds delay) noexcept;

    /// Fires everything due. A timer started meanwhile with no delay fires at the next call, never in this
    /// one. What a callback throws comes out of here; the timers due with it fire at the next call.
    void advance(base::steady_time now);

    /// When advance() is needed next, or nullopt with no timer started. May be early (a cancelled timer, a
    /// far one).
    std::optional<base::steady_time> next_due() const noexcept;

  private:
    struct slot_head {
        timer anchor{nullptr, nullptr};
    };
    std::uint64_t tick_of(base::steady_time t) const noexcept;
    void link(timer& t, std::uint64_t due_tick) noexcept;
    static void link_before(timer& anchor, timer& t) noexcept;

    base::steady_time origin_;
    std::uint64_t done_ = 0;  // every tick up to and including this one has been fired
    // One bit a slot: set when a timer goes in, cleared when the slot is visited and found empty. A cancelled
    // timer leaves its bit, which costs one early wake-up at the most.
    std::array<std::uint64_t, slots / 64> occupied_{};
    std::array<slot_head, slots> wheel_;
};

}  // namespace chatterlink::net
