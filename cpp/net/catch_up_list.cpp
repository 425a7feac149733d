#include "net/catch_up_list.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "net/connection.hpp"
#include "net/reactor.hpp"

namespace chatterlink::net {

void catch_up_list::add(std::shared_ptr<connection> c, base::milliseconds time) {
    const auto until = base::steady_now() + time;
    list_.push_back({std::move(c), until});
    if (!clock_.pending() || until < first_) start_clock(until);
}

void catch_up_list::remove(const connection& c) noexcept {
    std::erase_if(list_, [&](const entry& each) { return each.who.get() == &c; });
    for (auto& each : offering_) {
        if (each.who.get() == &c) each.who.reset();
    }
}

void catch_up_list::offer() {
    const bool again = std::exchange(added_, 0) > 0;
    if (list_.empty()) return;
    const auto now = base::steady_now();
    offering_.swap(list_);  // who is offered something may have others come or go
    for (auto& each : offering_) {
        bool stays = false;
        try {
            stays = each.who && each.who->catch_up(again, now >= each.until);
        } catch (const std::exception& e) {
            spdlog::error("unexpected exception from what waited for a connection's queue to drain: {}",
                          e.what());
        }
        if (stays) list_.push_back(std::move(each));
    }
    offering_.clear();
    if (list_.empty()) return clock_.cancel();
    if (again) std::this_thread::yield();  // they may be waiting for this core
    if (clock_.pending()) return;
    start_clock(std::min_element(list_.begin(), list_.end(), [](const entry& a, const entry& b) {
                    return a.until < b.until;
                })->until);
}

void catch_up_list::clear() noexcept {
    list_.clear();
    clock_.cancel();
}

void catch_up_list::start_clock(base::steady_time until) {
    first_ = until;
    const auto left = std::chrono::ceil<base::milliseconds>(until - base::steady_now());
    home_.start_timer(clock_, std::max(left, base::milliseconds{0}));
}

}  // namespace chatterlink::net
