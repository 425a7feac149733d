#include "net/flush_list.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/support/function_reader.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

using base::shared_buffer;
using test::eventually;
using test::loopback;

// Real connections, in a list of the test's own; everything on their shard, in one go, so that the shard's
// list does not come before it. With io_uring where the parameter says so and the system has it.
class net_flush_list : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (GetParam() && !send_ring::make(1)) GTEST_SKIP() << "no io_uring here";
    }
    template <class Call>
    auto on_shard(Call call) {
        return server->on_shard(0, std::move(call));
    }
    void make(std::size_t count, connection_limits limits = {}) {
        server.emplace(
            1, [this](std::shared_ptr<connection> c) { all.push_back(std::move(c)); }, limits);
        for (std::size_t i = 0; i < count; ++i) clients.push_back(server->connect());
        ASSERT_TRUE(eventually([&] { return on_shard([&] { return all.size(); }) == count; }));
    }
    // On the shard.
    void prepare(flush_list& list) const {
        if (GetParam()) list.use_ring();
    }
    void say(flush_list& list, std::size_t who, std::string_view what, flush_list::pass written) {
        all[who]->send(shared_buffer::copy_of(what));
        list.add(all[who], written);
    }
    std::size_t waiting(std::size_t first, std::size_t last) const {
        std::size_t n = 0;
        for (; first < last; ++first) n += all[first]->queued_bytes() > 0 ? 1 : 0;
        return n;
    }
    void TearDown() override {
        if (server) server->stop();
        all.clear();
    }

    std::optional<loopback> server;
    std::vector<std::shared_ptr<connection>> all;
    std::vector<test::raw_client> clients;
};

TEST_P(net_flush_list, writes_a_rounds_share_and_then_the_next) {
    make(flush_list::per_round + 10);
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < all.size(); ++i) say(list, i, std::to_string(i) + ".", 0);
        list.flush_some();
        EXPECT_EQ(waiting(0, flush_list::per_round), 0u);
        EXPECT_EQ(waiting(flush_list::per_round, all.size()), 10u);
        EXPECT_FALSE(list.empty());
        list.flush_some();
        EXPECT_EQ(waiting(0, all.size()), 0u);
        EXPECT_TRUE(list.empty());
    });
    for (std::size_t i = 0; i < clients.size(); ++i)
        EXPECT_EQ(clients[i].read_through("."), std::to_string(i) + ".");
}

TEST_P(net_flush_list, who_was_quiet_comes_before_those_who_talk_all_the_time) {
    constexpr std::size_t busy = 3 * flush_list::per_round;
    make(busy + 1);
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < busy; ++i) say(list, i, "a", list.now());
        say(list, busy, "psst", 0);
        list.flush_some();
        EXPECT_EQ(waiting(busy, busy + 1), 0u);
        EXPECT_EQ(waiting(0, busy), busy - flush_list::per_round + 1);
        list.flush_all();
        EXPECT_EQ(waiting(0, busy), 0u);
    });
}

TEST_P(net_flush_list, however_many_are_quiet_the_others_have_their_share_of_each_round) {
    constexpr std::size_t quiet = 2 * flush_list::per_round;
    constexpr std::size_t busy = 2 * flush_list::busy_per_round;
    make(quiet + busy);
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < quiet; ++i) say(list, i, "a", 0);
        for (std::size_t i = quiet; i < all.size(); ++i) say(list, i, "b", list.now());
        list.flush_some();
        EXPECT_EQ(waiting(quiet, all.size()), busy - flush_list::busy_per_round);
        list.flush_some();
        EXPECT_EQ(waiting(quiet, all.size()), 0u);
        EXPECT_EQ(waiting(0, quiet), 2 * flush_list::busy_per_round);
        list.flush_all();
    });
}

TEST_P(net_flush_list, within_a_pass_those_who_have_spoken_come_after_those_who_listened) {
    make(4);
    std::vector<std::size_t> order;
    on_shard([&] {
        for (std::size_t i = 0; i < all.size(); ++i) {
            test::start_reading(*all[i]);
            all[i]->on_drained([&order, i] { order.push_back(i); });
        }
    });
    const auto round = [&](std::initializer_list<std::size_t> speakers, bool busy) {
        for (const auto who : speakers) clients[who].send("hello");
        EXPECT_TRUE(eventually([&] {
            return on_shard(
                [&] { return std::ranges::all_of(speakers, [&](auto who) { return all[who]->spoke(); }); });
        }));
        return on_shard([&] {
            order.clear();
            flush_list list;
            prepare(list);
            for (std::size_t i = 0; i < all.size(); ++i) say(list, i, "x", busy ? list.now() : 0);
            list.flush_some();
            EXPECT_TRUE(list.empty());
            all[0]->home().flushes().flush_all();  // or it forgets later who has spoken in the next round
            return order;
        });
    };
    EXPECT_EQ(round({0, 2}, true), (std::vector<std::size_t>{1, 3, 0, 2}));
    EXPECT_EQ(round({}, true), (std::vector<std::size_t>{0, 1, 2, 3})) << "that was the pass before";
    EXPECT_EQ(round({0, 1, 2, 3}, true), (std::vector<std::size_t>{0, 1, 2, 3}));
    EXPECT_EQ(round({0}, false), (std::vector<std::size_t>{0, 1, 2, 3})) << "in a quiet room nobody waits";
}

TEST_P(net_flush_list, several_messages_and_full_sockets_lose_nothing) {
    make(20, {.max_queue = 64 * 1024 * 1024});
    const std::string much(16 * 1024 * 1024, 'm');
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i % 2 == 0) all[i]->send(shared_buffer::copy_of("first "));
            say(list, i, i % 4 == 1 ? much : "short", 0);
            if (i % 4 == 3) all[i]->send(shared_buffer::copy_of(" last"));
        }
        list.flush_some();
        EXPECT_EQ(waiting(0, all.size()), 5u);  // no socket takes 16 MiB
    });
    for (std::size_t i = 0; i < clients.size(); ++i) {
        const std::string expected = std::string(i % 2 == 0 ? "first " : "") + (i % 4 == 1 ? much : "short") +
                                     (i % 4 == 3 ? " last" : "");
        EXPECT_EQ(clients[i].read_exactly(expected.size()), expected) << i;
    }
}

TEST_P(net_flush_list, what_a_drained_connection_says_to_others_comes_after_what_they_have) {
    make(8);
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < all.size(); ++i) say(list, i, "one ", 0);
        all[7]->on_drained([this, said = false]() mutable {
            if (std::exchange(said, true)) return;
            for (const auto& c : all) c->send(shared_buffer::copy_of("two "));
            all[0]->close_now();
        });
        list.flush_some();
    });
    EXPECT_EQ(clients[0].read_through(" "), "one ");
    for (std::size_t i = 1; i < 8; ++i) EXPECT_EQ(clients[i].read_exactly(8), "one two ") << i;
}

TEST_P(net_flush_list, a_peer_that_is_gone_disturbs_nobody) {
    make(8);
    on_shard([&] { ::shutdown(all[3]->handle(), SHUT_WR); });
    on_shard([&] {
        flush_list list;
        prepare(list);
        for (std::size_t i = 0; i < all.size(); ++i) say(list, i, "x.", 0);
        list.flush_some();
        EXPECT_FALSE(all[3]->open());
    });
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == 3) continue;
        EXPECT_EQ(clients[i].read_through("."), "x.");
    }
}

INSTANTIATE_TEST_SUITE_P(net, net_flush_list, testing::Bool(),
                         [](const auto& each) { return each.param ? "io_uring" : "one_by_one"; });

}  // namespace
}  // namespace chatterlink::net
