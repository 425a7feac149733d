#include "net/connection.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/error.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "net/support/function_reader.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using base::shared_buffer;
using test::eventually;
using test::loopback;

// A server whose connections belong to the test: the newest one is `last`.
class net_connection : public testing::Test {
  protected:
    void start(connection_limits limits = {}, base::shard_id shards = 1) {
        server.emplace(
            shards,
            [this](std::shared_ptr<connection> c) {
                last = c;
                ++accepted;
            },
            limits);
    }
    std::shared_ptr<connection> next(const std::function<test::raw_client()>& connect) {
        const int before = accepted;
        client.emplace(connect());
        EXPECT_TRUE(eventually([&] { return accepted > before; }));
        return last;
    }
    std::shared_ptr<connection> next(int receive_buffer = 0) {
        return next([&] { return server->connect(receive_buffer); });
    }
    void TearDown() override {
        server->stop();
        last.reset();
    }

    std::shared_ptr<connection> last;
    std::atomic<int> accepted{0};
    std::optional<loopback> server;
    std::optional<test::raw_client> client;
};

TEST_F(net_connection, writes_what_is_sent_in_order) {
    start();
    const auto c = next();
    server->on_shard(0, [&] {
        for (int i = 0; i < 1'000; ++i)
            EXPECT_EQ(c->send(shared_buffer::copy_of(std::to_string(i) + " ")), send_outcome::queued);
        EXPECT_GT(c->queued_bytes(), 0u);
    });
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(client->read_through(" "), std::to_string(i) + " ");
    EXPECT_TRUE(eventually([&] { return server->on_shard(0, [&] { return c->queued_bytes(); }) == 0; }));
}

TEST_F(net_connection, what_arrives_while_others_are_served_is_heard_before_what_they_said_is_written) {
    start();
    const auto first = next();
    auto client_of_first = std::move(*client);
    const auto second = next();
    std::promise<std::size_t> waiting;
    server->on_shard(0, [&] {
        test::start_reading(*second, [&](std::string_view) { waiting.set_value(first->queued_bytes()); });
        test::start_reading(*first, [&](std::string_view) {
            first->send(shared_buffer::copy_of("answer"));
            client->send("meanwhile");
        });
    });
    client_of_first.send("hello");
    EXPECT_EQ(waiting.get_future().get(), 6u);
    EXPECT_EQ(client_of_first.read_exactly(6), "answer");
    server->stop();  // `first` must not die here, after its client, while its shard is at work
}

TEST_F(net_connection, says_each_time_its_queue_has_been_drained) {
    start();
    const auto c = next();
    std::atomic<int> drained{0};
    server->on_shard(0, [&] {
        c->on_drained([&] { ++drained; });
        c->send(shared_buffer::copy_of("a"));
        c->send(shared_buffer::copy_of("b"));
    });
    EXPECT_EQ(client->read_exactly(2), "ab");
    EXPECT_TRUE(eventually([&] { return drained == 1; }));
    server->on_shard(0, [&] { c->send(shared_buffer::copy_of("c")); });
    EXPECT_TRUE(eventually([&] { return drained == 2; }));
}

TEST_F(net_connection, hands_arriving_bytes_on_and_says_when_the_stream_ended) {
    start();
    const auto c = next();
    std::string got;
    std::atomic<bool> ended{false};
    server->on_shard(0, [&] {
        test::start_reading(
            *c, [&](std::string_view bytes) { got += bytes; }, [&] { ended = true; });
    });
    const std::string sent(300'000, 'x');
    client->send(sent);
    client->shut_down_writing();
    EXPECT_TRUE(eventually([&] { return ended.load(); }));
    EXPECT_EQ(server->on_shard(0, [&] { return got; }), sent);
    server->on_shard(0, [&] { c->send(shared_buffer::copy_of("still open for writing")); });
    EXPECT_EQ(client->read_exactly(22), "still open for writing");
}

TEST_F(net_connection, reads_nothing_while_paused_and_goes_on_when_resumed) {
    start();
    const auto c = next();
    std::atomic<std::size_t> got{0};
    server->on_shard(0, [&] {
        test::start_reading(
            *c,
            [&](std::string_view bytes) {
                got += bytes.size();
                c->pause_reading();  // one piece at a time
            },
            [] {});
    });
    client->send("one");
    EXPECT_TRUE(eventually([&] { return got == 3; }));
    client->send("two");
    std::this_thread::sleep_for(30ms);
    EXPECT_EQ(got, 3u);
    server->on_shard(0, [&] { c->resume_reading(); });
    EXPECT_TRUE(eventually([&] { return got == 6; }));
}

TEST_F(net_connection, tells_of_the_end_of_the_stream_once) {
    start();
    const auto c = next();
    std::atomic<int> ended{0};
    server->on_shard(0, [&] { test::start_reading(*c, {}, [&] { ++ended; }); });
    client->shut_down_writing();
    EXPECT_TRUE(eventually([&] { return ended == 1; }));
    server->on_shard(0, [&] {
        c->pause_reading();
        c->resume_reading();
    });
    server->on_shard(0, [&] { c->send(shared_buffer::copy_of("still here")); });
    EXPECT_EQ(client->read_exactly(10), "still here");
    EXPECT_EQ(ended, 1);
}

TEST_F(net_connection, what_is_flushed_apart_arrives_apart) {
    start();
    const auto c = next();
    std::atomic<int> drained{0};
    server->on_shard(0, [&] {
        c->on_drained([&] { ++drained; });
        c->send(shared_buffer::copy_of("first"));
        c->flush_apart(300ms);
        c->send(shared_buffer::copy_of("then"));
        EXPECT_EQ(c->queued_bytes(), 4u);
    });
    EXPECT_EQ(client->read_exactly(5), "first");
    server->on_shard(0, [&] { c->send(shared_buffer::copy_of(" this")); });
    EXPECT_EQ(server->on_shard(0, [&] { return c->queued_bytes(); }), 9u);
    EXPECT_EQ(client->read_exactly(9), "then this");
    EXPECT_TRUE(eventually([&] { return drained == 2; }));
}

TEST_F(net_connection, a_peer_that_speaks_has_read_the_first_part_and_gets_the_rest_at_once) {
    start();
    const auto c = next();
    server->on_shard(0, [&] {
        test::start_reading(*c);
        c->send(shared_buffer::copy_of("first"));
        c->flush_apart(60s);
        c->send(shared_buffer::copy_of("then"));
    });
    EXPECT_EQ(client->read_exactly(5), "first");
    client->send("go on");
    EXPECT_EQ(client->read_exactly(4), "then");
}

TEST_F(net_connection, a_connection_that_is_closed_meanwhile_says_what_was_held_back) {
    start();
    const auto c = next();
    server->on_shard(0, [&] {
        c->flush_apart(60s);
        c->send(shared_buffer::copy_of("the rest"));
        c->close_after_flush();
    });
    EXPECT_EQ(client->read_to_end(), "the rest");
}

TEST_F(net_connection, closing_after_flush_delivers_everything_first) {
    start({.max_queue = 100'000'000});
    const auto c = next();
    const std::string big(20'000'000, 'x');
    server->on_shard(0, [&] {
        c->send(shared_buffer::copy_of(big));
        c->close_after_flush();
        EXPECT_EQ(c->send(shared_buffer::copy_of("too late")), send_outcome::closed);
    });
    EXPECT_TRUE(client->read_to_end() == big);
}

TEST_F(net_connection, closing_after_flush_reads_away_what_the_peer_still_sends) {
    start();
    const auto c = next();
    client->send(std::string(100'000, 'x'));  // unread when the close comes: a plain close would reset
    server->on_shard(0, [&] {
        c->send(shared_buffer::copy_of("bye"));
        c->close_after_flush();
    });
    EXPECT_EQ(client->read_to_end(), "bye");
}

TEST_F(net_connection, a_peer_that_does_not_close_is_given_up_after_the_linger_time) {
    start({.linger = 50ms});
    const auto c = next();
    std::atomic<bool> over{false};
    server->on_shard(0, [&] {
        test::tell_closed(*c, [&] { over = true; });
        c->close_after_flush();
    });
    EXPECT_TRUE(eventually([&] { return over.load(); }));
}

TEST_F(net_connection, a_full_queue_drops_volatile_sends_and_closes_on_any_other) {
    start({.max_queue = 50'000});
    const auto c = next(4096);
    const auto slow = counters().closed_slow.load();
    const auto dropped = counters().dropped_volatile.load();
    std::atomic<int> closed{0};
    const auto piece = shared_buffer::copy_of(std::string(20'000, 'x'));
    server->on_shard(0, [&] { test::tell_closed(*c, [&] { ++closed; }); });
    // Until the kernel takes no more and the queue is full, in many rounds.
    EXPECT_TRUE(eventually(
        [&] { return server->on_shard(0, [&] { return c->send(piece, true); }) == send_outcome::dropped; }));
    EXPECT_GT(counters().dropped_volatile, dropped);
    EXPECT_TRUE(server->on_shard(0, [&] { return c->open(); }));
    EXPECT_EQ(counters().closed_slow, slow);

    EXPECT_TRUE(eventually(
        [&] { return server->on_shard(0, [&] { return c->send(piece); }) == send_outcome::closed; }));
    EXPECT_EQ(counters().closed_slow, slow + 1);
    EXPECT_TRUE(eventually([&] { return closed == 1; }));
    EXPECT_EQ(server->on_shard(0, [&] { return c->queued_bytes(); }), 0u);
}

TEST_F(net_connection, one_round_may_queue_more_than_the_limit_for_a_reader_that_keeps_up) {
    start({.max_queue = 1'000});
    const auto c = next();
    server->on_shard(0, [&] {
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(c->send(shared_buffer::copy_of(std::string(500, 'x'))), send_outcome::queued);
    });
    EXPECT_EQ(client->read_exactly(50'000).size(), 50'000u);
}

TEST_F(net_connection, one_message_may_be_larger_than_the_whole_queue) {
    start({.max_queue = 1'000});
    const auto c = next();
    server->on_shard(0, [&] { c->send(shared_buffer::copy_of(std::string(5'000'000, 'x'))); });
    EXPECT_EQ(client->read_exactly(5'000'000).size(), 5'000'000u);
}

TEST_F(net_connection, the_parts_of_one_message_count_as_one) {
    start({.max_queue = 1'000});
    const auto c = next();
    const auto part = shared_buffer::copy_of(std::string(5'000'000, 'x'));
    const std::vector parts{shared_buffer::copy_of("head"), part, part, part};
    server->on_shard(0, [&] {
        EXPECT_EQ(c->send_parts(parts), send_outcome::queued);
        EXPECT_EQ(c->send_parts(parts, true), send_outcome::dropped);
        EXPECT_EQ(c->send_parts(parts), send_outcome::closed);
    });
}

TEST_F(net_connection, tells_once_that_it_is_over_unless_its_owner_ended_it) {
    start();
    std::atomic<int> told{0};
    const auto broken = next();
    server->on_shard(0, [&] { test::start_reading(*broken, {}, {}, [&] { ++told; }); });
    client->reset();
    EXPECT_TRUE(eventually([&] { return told == 1; }));
    EXPECT_FALSE(server->on_shard(0, [&] { return broken->open(); }));

    const auto ended = next();
    server->on_shard(0, [&] {
        test::tell_closed(*ended, [&] { ++told; });
        ended->close_now();
        ended->close_now();
    });
    EXPECT_TRUE(client->closed());
    server->on_shard(0, [] {});
    EXPECT_EQ(told, 1);
    EXPECT_EQ(server->on_shard(0, [&] { return ended->send(shared_buffer::copy_of("x")); }),
              send_outcome::closed);
}

TEST_F(net_connection, closing_lets_go_of_its_callbacks) {
    start();
    const auto c = next();
    auto held = std::make_shared<int>(1);
    server->on_shard(0, [&] {
        c->on_drained([held] {});
        test::start_reading(
            *c, [held](std::string_view) {}, [held] {}, [held] {});
        c->watch_for_abort([held] {});
        c->close_now();
    });
    EXPECT_TRUE(eventually([&] { return held.use_count() == 1; }));
}

TEST_F(net_connection, who_begins_to_wait_on_a_closed_one_hears_so_and_holds_nothing) {
    start();
    auto c = next();
    std::weak_ptr<connection> gone = c;
    std::atomic<int> refused{0};
    std::atomic<int> told{0};
    std::array<char, 16> room{};
    server->on_shard(0, [&] {
        c->close_now();
        EXPECT_EQ(c->handle(), -1);
        c->when_readable([&](bool usable) { refused += usable ? 0 : 1; });
        c->async_read(room, [&](const boost::system::error_code& failed, std::size_t) {
            refused += failed == boost::asio::error::operation_aborted ? 1 : 0;
        });
        c->watch_for_abort([&] { ++told; });
        EXPECT_EQ(refused, 0);  // later, not from inside the call
    });
    EXPECT_TRUE(eventually([&] { return refused == 2; }));
    EXPECT_EQ(told, 0);
    c.reset();
    last.reset();
    EXPECT_TRUE(eventually([&] { return gone.expired(); }));
}

TEST_F(net_connection, a_read_that_is_cancelled_hears_so_and_the_next_one_reads) {
    start();
    const auto c = next();
    std::array<char, 16> room{};
    std::atomic<bool> cancelled{false};
    std::promise<std::string> read;
    server->on_shard(0, [&] {
        c->async_read(room, [&](const boost::system::error_code& failed, std::size_t) {
            cancelled = failed == boost::asio::error::operation_aborted;
        });
        c->cancel_reading();
        c->async_read(room, [&](const boost::system::error_code& failed, std::size_t n) {
            read.set_value(failed ? failed.message() : std::string(room.data(), n));
        });
    });
    client->send("still here");
    EXPECT_EQ(read.get_future().get(), "still here");
    EXPECT_TRUE(cancelled);
}

// A server that says "close this one" and then lets its client ask must not find the client first.
TEST_F(net_connection, what_was_posted_before_the_bytes_came_has_run_when_they_are_read) {
    start();
    const auto c = next();
    bool posted = false;  // of the shard
    std::promise<bool> read;
    server->on_shard(0, [&] { test::start_reading(*c, [&](std::string_view) { read.set_value(posted); }); });
    for (const int others : {0, 1, 500}) {
        read = {};
        std::promise<void> go;
        server->threads.post(0, [&, gone = go.get_future().share()] {
            posted = false;
            gone.wait();
        });
        for (int n = 0; n < others; ++n) server->threads.post(0, [] {});
        server->threads.post(0, [&] { posted = true; });
        client->send("x");  // it is there when this returns
        go.set_value();
        EXPECT_TRUE(read.get_future().get()) << others;
    }
}

// The system tells of an arrival once: what a read leaves behind must not be forgotten.
TEST_F(net_connection, what_a_small_read_leaves_is_read_next) {
    start();
    const auto c = next();
    std::array<char, 3> room{};
    std::promise<std::string> all;
    std::string got;
    std::function<void()> more = [&] {
        c->async_read(room, [&](const boost::system::error_code& failed, std::size_t n) {
            if (failed) return all.set_value(got + "|" + failed.message());
            got.append(room.data(), n);
            more();
        });
    };
    client->send("nine char");
    server->on_shard(0, [&] { more(); });
    client->send("acters more");
    client->close();
    EXPECT_EQ(all.get_future().get(),
              "nine characters more|" + boost::system::error_code(boost::asio::error::eof).message());
}

TEST_F(net_connection, a_watch_for_abort_tells_a_close_from_more_data) {
    start();
    std::atomic<int> aborted{0};
    const auto watched = next();
    server->on_shard(0, [&] { watched->watch_for_abort([&] { ++aborted; }); });
    client->send("data");
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(aborted, 0);
    const auto gone = next();
    server->on_shard(0, [&] { gone->watch_for_abort([&] { ++aborted; }); });
    client->close();
    EXPECT_TRUE(eventually([&] { return aborted == 1; }));
    const auto unwatched = next();
    server->on_shard(0, [&] {
        unwatched->watch_for_abort([&] { ++aborted; });
        unwatched->unwatch();
    });
    client->close();
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(aborted, 1);
    server->stop();  // before the test lets go of connections that are open: they end on their shard
}

TEST_F(net_connection, moves_to_another_shard_and_works_on_there) {
    start({}, 2);
    const auto c = next();
    std::promise<base::shard_id> there;
    server->on_shard(
        0, [&] { c->hand_over(server->threads.at(1), [&] { there.set_value(server->threads.current()); }); });
    EXPECT_EQ(there.get_future().get(), 1u);
    EXPECT_EQ(server->on_shard(0, [&] { return server->threads.at(0).connections(); }), 0u);
    EXPECT_EQ(server->on_shard(1, [&] { return server->threads.at(1).connections(); }), 1u);
    std::string got;
    server->on_shard(1, [&] {
        EXPECT_EQ(&c->home(), &server->threads.at(1));
        test::start_reading(*c, [&](std::string_view bytes) { got += bytes; });
        c->send(shared_buffer::copy_of("from there"));
    });
    EXPECT_EQ(client->read_exactly(10), "from there");
    client->send("to there");
    EXPECT_TRUE(eventually([&] { return server->on_shard(1, [&] { return got == "to there"; }); }));
}

TEST_F(net_connection, knows_its_peers_address) {
    start();
    const auto c = next();
    EXPECT_EQ(server->on_shard(0, [&] { return c->remote_address(); }), "127.0.0.1");
}

TEST_F(net_connection, is_counted_while_it_lives) {
    start();
    const auto before = counters().open.load();
    auto c = next();
    EXPECT_EQ(counters().open, before + 1);
    server->on_shard(0, [&] {
        c->close_now();
        last.reset();
        c.reset();
    });
    EXPECT_TRUE(eventually([&] { return counters().open == before; }));
}

}  // namespace
}  // namespace chatterlink::net
