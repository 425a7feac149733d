#include "net/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/posts_together.hpp"
#include "net/support/function_reader.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using base::shard_id;
using base::steady_now;

TEST(reactor, runs_tasks_on_the_shard_they_were_posted_to) {
    reactor threads(3);
    threads.start();
    EXPECT_EQ(threads.count(), 3u);
    EXPECT_EQ(threads.current(), base::no_shard);
    EXPECT_EQ(shard::current(), nullptr);
    for (shard_id i = 0; i < 3; ++i) {
        std::promise<shard_id> where;
        threads.post(i, [&] { where.set_value(threads.current()); });
        EXPECT_EQ(where.get_future().get(), i);
    }
}

TEST(reactor, runs_what_one_thread_posts_in_order) {
    reactor threads(2);
    threads.start();
    std::vector<int> order;
    std::promise<void> done;
    for (int i = 0; i < 10'000; ++i) threads.post(1, [&order, i] { order.push_back(i); });
    threads.post(1, [&] { done.set_value(); });
    done.get_future().wait();
    ASSERT_EQ(order.size(), 10'000u);
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(reactor, a_posted_task_runs_later_not_inside_the_one_that_posts_it) {
    reactor threads(1);
    threads.start();
    std::promise<bool> inside;
    threads.post(0, [&] {
        auto running = std::make_shared<bool>(true);
        threads.post(0, [&, running] { inside.set_value(*running); });
        *running = false;
    });
    EXPECT_FALSE(inside.get_future().get());
}

TEST(reactor, after_runs_on_the_same_shard_not_early_and_in_order_of_time) {
    reactor threads(2);
    threads.start();
    std::promise<void> done;
    std::vector<int> order;
    const auto began = steady_now();
    std::vector<base::steady_time> when(3);
    threads.post(1, [&] {
        const auto note = [&](int n) {
            EXPECT_EQ(threads.current(), 1u);
            order.push_back(n);
            when[static_cast<std::size_t>(n)] = steady_now();
            if (order.size() == 3) done.set_value();
        };
        threads.after(80ms, [note] { note(2); });
        threads.after(30ms, [note] { note(1); });
        threads.after(0ms, [note] { note(0); });
    });
    done.get_future().wait();
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
    EXPECT_GE(when[1] - began, 30ms);
    EXPECT_GE(when[2] - began, 80ms);
}

TEST(reactor, a_task_that_throws_ends_neither_its_shard_nor_the_tasks_beside_it) {
    reactor threads(1);
    threads.start();
    std::atomic<int> ran{0};
    std::promise<void> done;
    threads.post(0, [&] {
        threads.after(20ms, [] { throw std::runtime_error("expected in this test: a timer's mistake"); });
        threads.after(20ms, [&] { ++ran; });
        threads.after(60ms, [&] { done.set_value(); });
        threads.post(0, [] { throw std::runtime_error("expected in this test: a task's mistake"); });
        threads.post(0, [&] { ++ran; });
    });
    done.get_future().wait();
    EXPECT_EQ(ran, 2);
}

// A client, and its connection on the server's only shard.
struct one_client {
    one_client() { accepted.get_future().wait(); }
    ~one_client() {
        server.stop();
        served.reset();  // before its shard goes
    }

    std::shared_ptr<connection> served;
    std::promise<void> accepted;
    test::loopback server{1, [this](std::shared_ptr<connection> c) {
                              served = std::move(c);
                              accepted.set_value();
                          }};
    test::raw_client client = server.connect();
};

TEST(reactor, what_is_queued_goes_out_although_another_task_of_the_round_throws) {
    one_client here;
    here.server.threads.post(0, [&] {
        // Both run in the next round.
        here.server.threads.post(0, [&] { here.served->send(base::shared_buffer::copy_of("hello")); });
        here.server.threads.post(0, [] { throw std::runtime_error("expected in this test"); });
    });
    EXPECT_EQ(here.client.read_exactly(5), "hello");
}

TEST(reactor, what_is_posted_together_comes_when_that_ends_and_in_order) {
    reactor threads(2);
    threads.start();
    std::vector<std::vector<int>> order(2);
    std::vector<std::promise<void>> done(2);
    {
        const base::posts_together one_piece;
        const base::posts_together inside;  // changes nothing
        for (int i = 0; i < 1'000; ++i)
            threads.post(static_cast<shard_id>(i % 2),
                         [&, i] { order[static_cast<std::size_t>(i % 2)].push_back(i); });
        for (shard_id s = 0; s < 2; ++s) {
            threads.post(s, [&, s] { done[s].set_value(); });
            std::promise<std::size_t> so_far;  // another thread's post does not wait for that
            std::thread([&] { threads.post(s, [&, s] { so_far.set_value(order[s].size()); }); }).join();
            EXPECT_EQ(so_far.get_future().get(), 0u);
        }
    }
    for (std::size_t s = 0; s < 2; ++s) {
        done[s].get_future().wait();
        ASSERT_EQ(order[s].size(), 500u);
        for (std::size_t i = 0; i < 500; ++i) ASSERT_EQ(order[s][i], static_cast<int>(2 * i + s));
    }
}

TEST(reactor, a_task_that_throws_does_not_end_those_posted_together_with_it) {
    reactor threads(1);
    threads.start();
    const auto held = std::make_shared<int>(1);
    std::promise<long> done;
    {
        const base::posts_together one_piece;
        threads.post(0, [held] { throw std::runtime_error("expected in this test"); });
        threads.post(0, [&] { done.set_value(held.use_count()); });
    }
    EXPECT_EQ(done.get_future().get(), 1) << "what a task holds goes with it, not with the last one";
}

TEST(reactor, many_posted_together_do_not_hold_back_what_is_to_be_written) {
    one_client here;
    std::promise<void> read;
    std::promise<bool> before_the_last;
    {
        const base::posts_together one_piece;
        here.server.threads.post(0, [&] { here.served->send(base::shared_buffer::copy_of("hello")); });
        for (int i = 0; i < 2'000; ++i) here.server.threads.post(0, [] {});
        here.server.threads.post(0, [&] {
            before_the_last.set_value(read.get_future().wait_for(20s) == std::future_status::ready);
        });
    }
    EXPECT_EQ(here.client.read_exactly(5), "hello");
    read.set_value();
    EXPECT_TRUE(before_the_last.get_future().get());
}

TEST(reactor, stop_runs_what_is_left_on_the_stopping_thread) {
    reactor threads(2);
    int ran = 0;
    threads.post(0, [&] {
        ++ran;
        EXPECT_EQ(threads.current(), 0u);
        threads.post(1, [&] { ++ran; });
    });
    threads.stop();  // never started: everything is left
    EXPECT_EQ(ran, 2);
    EXPECT_EQ(threads.current(), base::no_shard);
    threads.stop();  // again: nothing happens
}

TEST(reactor, a_task_posted_after_stop_is_dropped_with_what_it_holds) {
    const auto held = std::make_shared<int>(1);
    {
        reactor threads(1);
        threads.start();
        threads.stop();
        threads.post(0, [held] { ADD_FAILURE() << "ran"; });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(reactor, stop_drops_timers_with_what_they_hold) {
    const auto held = std::make_shared<int>(1);
    {
        reactor threads(1);
        threads.start();
        std::promise<void> armed;
        threads.post(0, [&] {
            threads.after(1h, [held] { ADD_FAILURE() << "ran"; });
            armed.set_value();
        });
        armed.get_future().wait();
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(reactor, stop_closes_what_is_still_connected) {
    test::loopback server(2, [](std::shared_ptr<connection> c) { test::start_reading(*c); });
    auto one = server.connect();
    auto two = server.connect();
    ASSERT_TRUE(test::eventually([&] {
        return server.on_shard(0, [&] { return server.threads.at(0).connections(); }) +
                   server.on_shard(1, [&] { return server.threads.at(1).connections(); }) ==
               2;
    }));
    server.stop();
    EXPECT_TRUE(one.closed());
    EXPECT_TRUE(two.closed());
}

TEST(reactor, many_threads_may_post) {
    reactor threads(2);
    threads.start();
    std::atomic<int> ran{0};
    std::vector<std::thread> posting;
    for (int t = 0; t < 4; ++t) {
        posting.emplace_back([&] {
            for (int i = 0; i < 2'000; ++i) threads.post(static_cast<shard_id>(i % 2), [&] { ++ran; });
        });
    }
    for (auto& each : posting) each.join();
    threads.stop();
    EXPECT_EQ(ran, 8'000);
}

}  // namespace
}  // namespace chatterlink::net
