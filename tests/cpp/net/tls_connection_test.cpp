// TLS on real loopback connections: what connection, HTTP and the hand-over between shards make of it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

#include "net/support/certificates.hpp"
#include "net/support/loopback.hpp"
#include "net/support/recording_handler.hpp"
#include "net/support/tls_client.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::http_loopback;
using test::recording_handler;
using test::tls_client;

class tls_connection : public testing::TestWithParam<base::shard_id> {
  protected:
    tls_connection() { handler.use(server->threads); }
    tls_client connect() { return tls_client(server->port(), trust); }

    test::certificates folder;
    tls_files files = folder.make("one", "one");
    std::shared_ptr<ssl_ctx_st> trust = open_tls_trust(files.certificate).value();
    recording_handler handler;
    http_loopback server{
        handler,
        GetParam(),
        {.pipelined_bytes = 100'000'000},  // so that a queue can be full
        {.max_queue = 1024 * 1024, .write_stall = 10s, .linger = 500ms, .tls_handshake = 500ms},
        tls_context::open(files, true).value()};
};

TEST_P(tls_connection, answers_many_requests_and_says_goodbye) {
    auto client = connect();
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(client.get("/echo?" + std::to_string(i)), "GET /echo?" + std::to_string(i) + " ");
    EXPECT_EQ(client.get("/echo", "X-Close: yes\r\n"), "GET /echo ");
    bool goodbye = false;
    client.read_to_end(goodbye);
    EXPECT_TRUE(goodbye);
}

// What the client does not close lingers, and waits instead of looking again and again.
TEST_P(tls_connection, a_lingering_connection_costs_no_processor_time) {
    const auto used = [&] {
        std::chrono::microseconds all{};
        for (base::shard_id i = 0; i < GetParam(); ++i) {
            all += server->on_shard(i, [] {
                rusage r{};
                ::getrusage(RUSAGE_THREAD, &r);
                return std::chrono::seconds(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
                       std::chrono::microseconds(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
            });
        }
        return all;
    };
    auto client = connect();
    EXPECT_EQ(client.get("/echo", "X-Close: yes\r\n"), "GET /echo ");
    const auto before = used();
    std::this_thread::sleep_for(300ms);
    EXPECT_LT(used() - before, 100ms);
}

TEST_P(tls_connection, sends_more_than_the_kernel_takes_at_once) {
    handler.big = 5'000'000;
    auto client = connect();
    EXPECT_EQ(client.get("/big"), std::string(handler.big, 'x'));
    EXPECT_EQ(client.get("/echo"), "GET /echo ");
}

TEST_P(tls_connection, moves_between_the_shards_with_what_it_holds) {
    auto client = connect();
    const auto last = static_cast<int>(GetParam()) - 1;
    for (int i = 0; i < 30; ++i) {
        const int to = i % 2 == 0 ? last : 0;
        EXPECT_EQ(client.get("/move/" + std::to_string(to)), "shard " + std::to_string(to) + " ");
    }
    // Pipelined: the second request waits inside TLS, already read, while the connection moves.
    const auto move = "GET /move/" + std::to_string(last) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(move + "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n" + move);
    client.read_through("shard " + std::to_string(last) + " ");
    client.read_through("GET /echo ");
    client.read_through("shard " + std::to_string(last) + " ");
}

TEST_P(tls_connection, notices_that_the_client_of_a_held_request_says_goodbye_or_is_gone) {
    for (const bool politely : {true, false}) {
        const int before = handler.aborted;
        auto client = connect();
        client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(eventually([&] { return handler.holding > before; }));
        if (politely) client.say_goodbye();
        if (!politely) client.close();
        EXPECT_TRUE(eventually([&] { return handler.aborted == before + 1; }));
    }
}

TEST_P(tls_connection, a_request_behind_a_held_one_is_no_abort) {
    auto client = connect();
    client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return handler.holding == 1; }));
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(handler.aborted, 0);
    for (base::shard_id i = 0; i < GetParam(); ++i) {
        server->on_shard(i, [&] {
            if (handler.held && &handler.held->home() == &server->threads.at(i))
                std::exchange(handler.held, nullptr)->respond(response::text(200, "at last"));
            return 0;
        });
    }
    client.read_through("at last");
    client.read_through("GET /echo ");
}

TEST_P(tls_connection, a_client_that_never_shakes_hands_is_closed) {
    auto silent = server.connect();
    EXPECT_TRUE(silent.closed(5s));
    auto halfway = server.connect();
    halfway.send(std::string("\x16\x03\x01\x02", 4));
    EXPECT_TRUE(halfway.closed(5s));
    auto no_tls = server.connect();
    no_tls.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(no_tls.closed(5s));
    EXPECT_EQ(handler.requests, 0);
    EXPECT_EQ(connect().get("/echo"), "GET /echo ");
}

// What is encrypted ahead of the kernel counts as queued: the bound is the same as without TLS.
TEST_P(tls_connection, a_reader_that_takes_nothing_is_closed_when_its_queue_is_full) {
    handler.big = 1'000'000;
    const auto before = counters().closed_slow.load();
    auto client = connect();
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";  // 100 MB asked for
    client.send(requests);
    EXPECT_TRUE(eventually([&] { return counters().closed_slow > before; }));
    EXPECT_LT(handler.requests, 100);
    EXPECT_EQ(connect().get("/echo"), "GET /echo ");
}

TEST_P(tls_connection, a_request_over_tls_is_secure) {
    std::shared_ptr<const request_info> info;
    test::function_handler ask([&](const exchange_ptr& e) {
        info = e->info();
        e->respond(response::text(200, e->secure() ? "secure" : "plain"));
    });
    http_loopback asked(ask, 1, {}, {}, tls_context::open(files, true).value());
    tls_client client(asked->port(), trust);
    EXPECT_EQ(client.get("/"), "secure");
    EXPECT_TRUE(asked->on_shard(0, [&] { return info; })->secure);
    EXPECT_EQ(info->host, "localhost");
}

INSTANTIATE_TEST_SUITE_P(shards, tls_connection, testing::Values(1, 2));

}  // namespace
}  // namespace chatterlink::net
