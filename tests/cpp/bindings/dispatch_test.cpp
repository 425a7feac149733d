// The dispatcher with plain threads in Python's place.
#include "bindings/dispatch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <string>
#include <thread>

namespace chatterlink::bindings {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 20s;  // for what has to happen on a loaded machine

struct call final : job {
    explicit call(std::function<void()> f) : what(std::move(f)) {}
    std::function<void()> what;
};

// A dispatcher with its supervisor and workers.
class pool {
  public:
    explicit pool(dispatch_limits limits = {}) : dispatcher_(limits) {
        supervisor_ = std::thread([this] {
            while (dispatcher_.supervise()) {
                const std::lock_guard guard(lock_);
                threads_.emplace_back([this] { work(); });
            }
        });
    }
    ~pool() { end(); }

    void end() {
        dispatcher_.end();
        if (supervisor_.joinable()) supervisor_.join();
        for (auto& t : threads_) t.join();
        threads_.clear();
    }

    dispatcher* operator->() { return &dispatcher_; }

    post_outcome post(const dispatcher::lane_ptr& to, std::function<void()> what, std::size_t bytes = 0) {
        return dispatcher_.post(to, std::make_unique<call>(std::move(what)), bytes);
    }

  private:
    void work() {
        dispatcher::worker me(dispatcher_);
        for (;;) {
            auto next = me.take();
            if (next) {
                static_cast<call&>(*next).what();
            } else if (!me.wait()) {
                return;
            }
        }
    }

    dispatcher dispatcher_;
    std::mutex lock_;
    std::vector<std::thread> threads_;
    std::thread supervisor_;
};

TEST(dispatcher, events_of_one_lane_run_one_after_the_other_in_order) {
    pool p;
    const auto lane = p->make_lane();
    std::vector<int> seen;
    std::atomic<int> at_work{0};
    for (int i = 0; i < 2'000; ++i) {
        p.post(lane, [&, i] {
            EXPECT_EQ(++at_work, 1);
            seen.push_back(i);
            --at_work;
        });
    }
    ASSERT_TRUE(p->drain(patience));
    ASSERT_EQ(seen.size(), 2'000u);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(dispatcher, the_order_of_every_lane_holds_when_many_threads_post_into_many) {
    pool p;
    constexpr int posters = 4;
    constexpr int each = 2'000;
    struct line {
        dispatcher::lane_ptr lane;
        std::vector<int> seen{};
    };
    std::vector<line> lines(posters);
    for (auto& l : lines) l.lane = p->make_lane();
    std::vector<std::thread> threads;
    for (auto& l : lines) {
        threads.emplace_back([&p, &l] {
            for (int i = 0; i < each; ++i) p.post(l.lane, [&l, i] { l.seen.push_back(i); });
        });
    }
    for (auto& t : threads) t.join();
    ASSERT_TRUE(p->drain(patience));
    for (const auto& l : lines) {
        EXPECT_EQ(l.seen.size(), static_cast<std::size_t>(each));
        EXPECT_TRUE(std::is_sorted(l.seen.begin(), l.seen.end()));
    }
}

TEST(dispatcher, handlers_that_block_get_company_up_to_the_bound) {
    dispatch_limits limits;
    limits.max_threads = 8;
    pool p(limits);
    std::counting_semaphore<> go(0);
    std::counting_semaphore<> begun(0);
    std::vector<dispatcher::lane_ptr> lanes;
    for (int i = 0; i < 12; ++i) {
        lanes.push_back(p->make_lane());
        p.post(lanes.back(), [&] {
            begun.release();
            go.acquire();
        });
    }
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(begun.try_acquire_for(patience));
    EXPECT_FALSE(begun.try_acquire_for(100ms));
    EXPECT_EQ(p->counters().threads, 8u);
    EXPECT_EQ(p->counters().waiting, 4u);
    go.release(12);
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(p->counters().most_threads, 8u);
}

TEST(dispatcher, threads_that_have_nothing_to_do_end_but_one) {
    dispatch_limits limits;
    limits.idle = 50ms;
    pool p(limits);
    std::counting_semaphore<> go(0);
    std::vector<dispatcher::lane_ptr> lanes;
    for (int i = 0; i < 5; ++i) {
        lanes.push_back(p->make_lane());
        p.post(lanes.back(), [&] { go.acquire(); });
    }
    const auto until = std::chrono::steady_clock::now() + patience;
    while (p->counters().threads < 5 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(5ms);
    EXPECT_EQ(p->counters().threads, 5u);
    go.release(5);
    while (p->counters().threads > 1 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(5ms);
    EXPECT_EQ(p->counters().threads, 1u);
    std::promise<void> ran;
    p.post(lanes[0], [&] { ran.set_value(); });
    EXPECT_EQ(ran.get_future().wait_for(patience), std::future_status::ready);
}

TEST(dispatcher, a_handler_beyond_the_patience_no_longer_holds_its_lane_back) {
    dispatch_limits limits;
    limits.patience = 50ms;
    pool p(limits);
    const auto lane = p->make_lane();
    std::promise<void> cancelled;
    p.post(lane, [&] { EXPECT_EQ(cancelled.get_future().wait_for(patience), std::future_status::ready); });
    p.post(lane, [&] { cancelled.set_value(); });
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(p->counters().overtaken, 1u);
    // Also when the next event comes long after.
    std::promise<void> again;
    p.post(lane, [&] { EXPECT_EQ(again.get_future().wait_for(patience), std::future_status::ready); });
    std::this_thread::sleep_for(150ms);
    p.post(lane, [&] { again.set_value(); });
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(p->counters().overtaken, 2u);
}

TEST(dispatcher, a_strict_lane_waits_however_long_it_takes) {
    dispatch_limits limits;
    limits.patience = 10ms;
    pool p(limits);
    const auto lane = p->make_lane(true);
    std::atomic<bool> first_done{false};
    p.post(lane, [&] {
        std::this_thread::sleep_for(150ms);
        first_done = true;
    });
    p.post(lane, [&] { EXPECT_TRUE(first_done); });
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(p->counters().overtaken, 0u);
}

TEST(dispatcher, a_full_lane_refuses_and_says_before_that_it_fills_and_after_that_it_has_room) {
    dispatch_limits limits;
    limits.lane_events = 8;
    limits.patience = 1h;
    pool p(limits);
    std::atomic<int> relieved{0};
    const auto lane = p->make_lane(false, [&] { ++relieved; });
    std::counting_semaphore<> go(0);
    std::promise<void> begun;
    p.post(lane, [&] {
        begun.set_value();
        go.acquire();
    });
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(p.post(lane, [] {}), post_outcome::queued);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(p.post(lane, [] {}), post_outcome::high);
    EXPECT_EQ(p.post(lane, [] {}), post_outcome::full);
    EXPECT_EQ(p->counters().refused, 1u);
    // What ends a client is never refused.
    EXPECT_EQ(p->post(lane, std::make_unique<call>([] {}), 0, true), post_outcome::high);
    EXPECT_EQ(relieved, 0);
    go.release();
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(relieved, 1);
    EXPECT_EQ(p.post(lane, [] {}), post_outcome::queued);
}

TEST(dispatcher, a_lane_is_bounded_in_bytes_but_takes_one_event_of_any_size) {
    dispatch_limits limits;
    limits.lane_bytes = 1'000;
    pool p(limits);
    const auto lane = p->make_lane();
    std::counting_semaphore<> go(0);
    std::promise<void> begun;
    p.post(lane, [&] {
        begun.set_value();
        go.acquire();
    });
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    EXPECT_EQ(p.post(
                  lane, [] {}, 5'000),
              post_outcome::queued);
    EXPECT_EQ(p.post(
                  lane, [] {}, 1),
              post_outcome::full);
    go.release();
    EXPECT_TRUE(p->drain(patience));
    EXPECT_EQ(p.post(
                  lane, [] {}, 1),
              post_outcome::queued);
}

TEST(dispatcher, a_handler_may_wait_for_everything_else_to_be_handled) {
    for (const bool strict : {false, true}) {
        pool p;
        const auto lane = p->make_lane(strict);
        std::promise<bool> drained;
        std::atomic<int> others{0};
        std::binary_semaphore posted(0);
        p.post(lane, [&] {
            posted.acquire();
            drained.set_value(p->drain(patience));
        });
        for (int i = 0; i < 5; ++i) p.post(lane, [&] { ++others; });
        posted.release();
        auto done = drained.get_future();
        ASSERT_EQ(done.wait_for(patience), std::future_status::ready);
        EXPECT_TRUE(done.get());
        EXPECT_EQ(others, 5);
    }
}

TEST(dispatcher, draining_gives_up_on_a_handler_that_does_not_return) {
    pool p;
    const auto lane = p->make_lane();
    std::counting_semaphore<> go(0);
    p.post(lane, [&] { go.acquire(); });
    EXPECT_FALSE(p->drain(50ms));
    go.release();
}

TEST(dispatcher, after_the_end_nothing_is_taken_and_what_had_not_begun_is_dropped) {
    pool p;
    const auto lane = p->make_lane();
    const auto held = std::make_shared<int>(1);
    std::counting_semaphore<> go(0);
    std::promise<void> begun;
    std::atomic<bool> second{false};
    p.post(lane, [&] {
        begun.set_value();
        go.acquire();
    });
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    p.post(lane, [&, held] { second = true; });
    EXPECT_EQ(held.use_count(), 2);
    p->end();
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(p.post(lane, [] {}), post_outcome::over);
    go.release();
    p.end();
    EXPECT_FALSE(second);
}

TEST(dispatcher, a_thread_that_cannot_be_started_is_asked_for_again_later) {
    dispatcher d;
    const auto lane = d.make_lane();
    std::promise<void> ran;
    d.post(lane, std::make_unique<call>([&] { ran.set_value(); }));
    ASSERT_TRUE(d.supervise());
    d.start_failed();
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(d.supervise());
    EXPECT_GE(std::chrono::steady_clock::now() - before, 500ms);
    dispatcher::worker w(d);
    const auto next = w.take();
    ASSERT_TRUE(next);
    static_cast<call&>(*next).what();
    d.end();
    EXPECT_FALSE(d.supervise());
    EXPECT_EQ(w.take(), nullptr);
    EXPECT_FALSE(w.wait());
}

}  // namespace
}  // namespace chatterlink::bindings
