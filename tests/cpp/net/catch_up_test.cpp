// Readers for whom more waits than may: who reads catches up, who does not is closed.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/posts_together.hpp"
#include "net/support/function_reader.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using base::shared_buffer;
using test::eventually;
using test::loopback;

constexpr std::size_t limit = 50'000;
const auto piece = shared_buffer::copy_of(std::string(20'000, 'x'));

class net_catch_up : public testing::Test {
  protected:
    void start(base::milliseconds catch_up, std::size_t max_queue = limit, base::shard_id shards = 1) {
        server.emplace(
            shards,
            [this](std::shared_ptr<connection> c) {
                const std::lock_guard guard(lock);
                served.push_back(std::move(c));
            },
            connection_limits{.max_queue = max_queue, .catch_up = catch_up});
    }
    std::shared_ptr<connection> next() {
        clients.push_back(server->connect(16'384));
        std::shared_ptr<connection> c;
        EXPECT_TRUE(eventually([&] {
            const std::lock_guard guard(lock);
            return served.size() == clients.size();
        }));
        const std::lock_guard guard(lock);
        // Else the kernel finds more and more room in a buffer that nobody reads.
        const int small = 64 * 1024;
        EXPECT_EQ(::setsockopt(served.back()->handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
        return served.back();
    }
    // In as many rounds as it takes, until so much waits: well beyond the limit, since the kernel may take
    // some later. Returns how much was sent.
    std::size_t fill(connection& c, std::size_t bytes) {
        std::size_t sent = 0;
        while (server->on_shard(0, [&] { return c.queued_bytes(); }) <= bytes) {
            if (server->on_shard(0, [&] { return c.send(piece); }) != send_outcome::queued) break;
            sent += piece->size();
        }
        return sent;
    }
    bool open(connection& c) {
        return server->on_shard(0, [&] { return c.open(); });
    }
    bool nobody_left(base::shard_id where = 0) {
        return eventually([&] {
            return server->on_shard(where, [&] { return server->threads.at(where).catching_up().empty(); });
        });
    }
    void TearDown() override {
        server->stop();
        served.clear();
    }

    std::mutex lock;
    std::vector<std::shared_ptr<connection>> served;
    std::vector<test::raw_client> clients;
    std::optional<loopback> server;
    const std::uint64_t slow_before = counters().closed_slow;
};

TEST_F(net_catch_up, who_reads_in_time_gets_everything) {
    start(60s);
    const auto c = next();
    const auto sent = fill(*c, 3 * limit);
    EXPECT_FALSE(server->on_shard(0, [&] { return c->home().catching_up().empty(); }));
    EXPECT_EQ(clients[0].read_exactly(sent).size(), sent);
    EXPECT_TRUE(nobody_left());
    EXPECT_TRUE(open(*c));
    EXPECT_EQ(counters().closed_slow, slow_before);
}

TEST_F(net_catch_up, who_does_not_is_closed_when_the_time_is_over_and_not_before) {
    start(300ms);
    const auto c = next();
    const auto before = base::steady_now();
    fill(*c, 3 * limit);
    EXPECT_TRUE(open(*c));
    std::atomic<bool> told{false};
    server->on_shard(0, [&] { test::tell_closed(*c, [&] { told = true; }); });
    EXPECT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_GE(base::steady_now() - before, 300ms);
    EXPECT_FALSE(open(*c));
    EXPECT_EQ(counters().closed_slow, slow_before + 1);
    EXPECT_TRUE(nobody_left());
}

TEST_F(net_catch_up, the_time_begins_anew_for_who_had_caught_up) {
    start(600ms);
    const auto c = next();
    for (int i = 0; i < 3; ++i) {  // longer than the time in all
        const auto sent = fill(*c, 3 * limit);
        std::this_thread::sleep_for(300ms);
        EXPECT_EQ(clients[0].read_exactly(sent).size(), sent);
        EXPECT_TRUE(nobody_left());
    }
    EXPECT_TRUE(open(*c));
}

TEST_F(net_catch_up, never_waits_more_than_four_times_as_much) {
    start(60s);
    const auto c = next();
    std::size_t most = 0;
    EXPECT_TRUE(eventually([&] {
        return server->on_shard(0, [&] {
            const auto came = c->send(piece);
            most = std::max(most, c->queued_bytes());
            return came == send_outcome::closed;
        });
    }));
    EXPECT_GT(most, 3 * limit);
    EXPECT_LE(most, 4 * limit);
    EXPECT_EQ(counters().closed_slow, slow_before + 1);
    EXPECT_TRUE(nobody_left());
}

// 2 MB in one piece for each reader, of which 1 MiB may wait: as many as a shard gets from one commit.
TEST_F(net_catch_up, what_is_posted_together_closes_nobody_who_reads) {
    constexpr std::size_t readers = 3;
    constexpr std::size_t messages = 256;
    start(connection_limits{}.catch_up, connection_limits{}.max_queue);
    std::vector<std::shared_ptr<connection>> to;
    for (std::size_t i = 0; i < readers; ++i) to.push_back(next());
    const auto message = shared_buffer::copy_of(std::string(8'000, 'x'));
    {
        const base::posts_together one_piece;
        for (std::size_t i = 0; i < messages; ++i) {
            server->threads.post(0, [&] {
                for (const auto& c : to) c->send(message);
            });
        }
    }
    std::vector<std::thread> reading;
    std::atomic<std::size_t> read{0};
    for (auto& each : clients)
        reading.emplace_back([&] { read += each.read_exactly(messages * message->size()).size(); });
    for (auto& each : reading) each.join();
    EXPECT_EQ(read, readers * messages * message->size());
    EXPECT_EQ(counters().closed_slow, slow_before);
}

TEST_F(net_catch_up, costs_nothing_while_nothing_is_added_also_with_something_unread) {
    start(60s);
    const auto c = next();
    server->on_shard(0, [&] { c->pause_reading(); });
    clients[0].send("unread");
    fill(*c, 3 * limit);
    const auto cpu = [&] {
        return server->on_shard(0, [] {
            timespec t{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
            return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
        });
    };
    const auto before = cpu();
    std::this_thread::sleep_for(500ms);
    EXPECT_LT(cpu() - before, 100ms) << "a shard that goes round and round takes all of it";
    EXPECT_FALSE(server->on_shard(0, [&] { return c->home().catching_up().empty(); }));
}

TEST_F(net_catch_up, tells_once_that_the_queue_is_empty) {
    start(60s);
    const auto c = next();
    std::atomic<int> told{0};
    const auto sent = fill(*c, 3 * limit);
    server->on_shard(0, [&] { c->on_drained([&] { ++told; }); });
    EXPECT_EQ(clients[0].read_exactly(sent).size(), sent);
    EXPECT_TRUE(nobody_left());
    EXPECT_TRUE(eventually([&] { return told > 0; }));
    server->on_shard(0, [] {});
    server->on_shard(0, [] {});
    EXPECT_EQ(told, 1);
}

TEST_F(net_catch_up, a_close_that_waits_for_the_queue_does_not_prolong_the_time) {
    start(200ms);
    const auto c = next();
    fill(*c, 3 * limit);
    const auto before = base::steady_now();
    server->on_shard(0, [&] { c->close_after_flush(); });
    EXPECT_TRUE(eventually([&] { return counters().closed_slow == slow_before + 1; }));
    EXPECT_LT(base::steady_now() - before, 8s) << "that was the time without progress (write_stall)";
    EXPECT_TRUE(nobody_left());
}

TEST_F(net_catch_up, goes_along_to_another_shard) {
    start(60s, limit, 2);
    const auto c = next();
    auto sent = fill(*c, 3 * limit);
    std::atomic<bool> there{false};
    server->on_shard(0, [&] { c->hand_over(server->threads.at(1), [&] { there = true; }); });
    ASSERT_TRUE(eventually([&] { return there.load(); }));
    EXPECT_TRUE(nobody_left(0));
    server->on_shard(1, [&] { c->send(piece); });
    sent += piece->size();
    EXPECT_FALSE(server->on_shard(1, [&] { return c->home().catching_up().empty(); }));
    EXPECT_EQ(clients[0].read_exactly(sent).size(), sent);
    EXPECT_TRUE(nobody_left(1));
    EXPECT_TRUE(server->on_shard(1, [&] { return c->open(); }));
}

TEST_F(net_catch_up, the_process_may_end_meanwhile) {
    start(60s);
    const auto c = next();
    fill(*c, 3 * limit);
    server->stop();
    EXPECT_FALSE(c->open());
}

// What a round does not come to is there in the next, after the writing.
TEST_F(net_catch_up, a_round_that_is_ended_writes_before_others_are_served) {
    start(60s);
    const auto first = next();
    const auto second = next();
    const auto third = next();
    std::vector<std::size_t> waiting;
    std::atomic<int> heard{0};
    const auto say = [&](std::string_view) {
        waiting.push_back(third->queued_bytes());
        third->send(shared_buffer::copy_of("x"));
        third->home().end_round();
        ++heard;
    };
    server->on_shard(0, [&] {
        test::start_reading(*first, say);
        test::start_reading(*second, say);
    });
    server->on_shard(0, [&] {  // both are ready when it looks again
        clients[0].send("one");
        clients[1].send("two");
    });
    EXPECT_EQ(clients[2].read_exactly(2), "xx");
    EXPECT_EQ(waiting, (std::vector<std::size_t>{0, 0}));
}

TEST(reactor_rounds, what_was_posted_together_stays_in_order_however_often_a_round_is_ended) {
    reactor threads(1);
    threads.start();
    std::vector<int> order;
    std::promise<void> done;
    std::thread([&] {
        const base::posts_together one_piece;
        for (int i = 0; i < 20; ++i) {
            threads.post(0, [&, i] {
                order.push_back(i);
                shard::current()->end_round();
            });
        }
    }).join();
    threads.post(0, [&] { done.set_value(); });
    done.get_future().wait();
    ASSERT_EQ(order.size(), 20u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(reactor_rounds, what_was_posted_together_and_is_left_when_it_stops_runs) {
    int ran = 0;
    reactor threads(1);
    {
        const base::posts_together one_piece;
        for (int i = 0; i < 1'000; ++i) threads.post(0, [&] { ++ran; });
    }
    bool last = false;
    threads.post(0, [&] { last = ran == 1'000; });
    threads.stop();
    EXPECT_EQ(ran, 1'000);
    EXPECT_TRUE(last);
}

}  // namespace
}  // namespace chatterlink::net
