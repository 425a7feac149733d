// What an HTTP client may not do, and what happens to it. The rest of the server must not notice.
#include <gtest/gtest.h>

#include "net/support/loopback.hpp"
#include "net/support/recording_handler.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::http_loopback;
using test::raw_client;
using test::recording_handler;

class http_hostile : public testing::Test {
  protected:
    // Sends something and expects this status, then the end of the connection.
    void expect_refused(const std::string& sent, unsigned status) {
        SCOPED_TRACE(sent.substr(0, 120));
        auto client = server.connect();
        client.send(sent);
        const auto answer = client.read_answer();
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.field("connection"), "close");
        EXPECT_TRUE(client.closed());
        EXPECT_EQ(handler.requests, 0) << "a refused request reached the handler";
    }
    void TearDown() override {
        EXPECT_EQ(server.connect().get("/echo").status, 200u) << "the server is harmed";
    }

    static http_limits small() {
        http_limits l;
        l.max_header = 2048;
        l.header_timeout = 500ms;
        l.idle_timeout = 500ms;
        l.body_window = 400ms;
        l.body_window_bytes = 100;
        l.pipelined_bytes = 50'000;  // with one more answer, less than what may wait at any time
        return l;
    }

    recording_handler handler;
    http_loopback server{handler, 1, small(), {.max_queue = 100'000, .write_stall = 500ms, .linger = 300ms}};
};

TEST_F(http_hostile, a_header_that_is_too_large_gets_431) {
    expect_refused("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'a') + "\r\n\r\n", 431);
    expect_refused("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431);
    expect_refused("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'a'), 431);  // never ends
    std::string fields;
    for (int i = 0; i < 500; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
    expect_refused("GET /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n", 431);
}

TEST_F(http_hostile, a_body_that_is_too_large_gets_413) {
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413);
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n\r\n", 413);
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                       std::string(1001, 'b'),
                   413);
    // A size that a body may have, only not this one.
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
                   413);
    std::string many = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) many += "64\r\n" + std::string(100, 'b') + "\r\n";
    expect_refused(many, 413);
}

TEST_F(http_hostile, a_body_of_exactly_the_limit_is_taken) {
    auto client = server.connect();
    EXPECT_EQ(client.post("/echo", std::string(1000, 'b')).body, "POST /echo " + std::string(1000, 'b'));
    handler.requests = 0;
}

TEST_F(http_hostile, content_length_with_transfer_encoding_gets_400_in_either_order) {  // RFC 9112 §6.1
    const auto chunks = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s;
    expect_refused(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + chunks,
        400);
    expect_refused(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n" + chunks,
        400);
    expect_refused(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: identity\r\n" + chunks,
        400);
}

TEST_F(http_hostile, transfer_encodings_other_than_chunked_alone_get_400) {  // RFC 9112 §6.1, §6.3
    const auto chunks = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s;
    for (const auto* coding :
         {"chunked, identity", "gzip", "identity", "gzip, chunked", "chunked, chunked", "xchunked", ""})
        expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "s + coding + "\r\n" + chunks,
                       400);
    expect_refused(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n" +
            chunks,
        400);
}

TEST_F(http_hostile, a_length_that_is_no_number_or_is_given_twice_gets_400) {
    for (const auto* length :
         {"-1", "+5", "5x", "0x5", "", " ", "5,6", "18446744073709551616", "99999999999999999999999"})
        expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "s + length + "\r\n\r\nhello", 400);
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                   400);
}

TEST_F(http_hostile, a_length_above_63_bits_gets_400) {  // Beast 1.92 is the first to take care
    for (const auto* length : {"9223372036854775808", "18446744073709551615"})
        expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "s + length + "\r\n\r\nhello", 400);
}

TEST_F(http_hostile, folded_fields_and_two_hosts_get_400) {  // RFC 9112 §5.2, §3.2
    for (const auto* fields : {"X: a\r\n b\r\n", "X: a\r\n\tb\r\n", " X: a\r\n", "Host: y\r\n"})
        expect_refused(
            "GET /echo HTTP/1.1\r\nHost: x\r\n"s + fields + "\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
            400);
}

TEST_F(http_hostile, a_request_of_http_1_1_without_host_gets_400) {  // RFC 9112 §3.2
    for (const auto* fields : {"", "X-Host: x\r\n", "X: Host: x\r\n"})
        expect_refused("GET /echo HTTP/1.1\r\n"s + fields + "\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n", 400);
    auto older = server.connect();
    EXPECT_EQ(older.ask("GET /echo HTTP/1.0\r\n\r\n").status, 200u) << "HTTP/1.0 knows no Host";
    handler.requests = 0;
    expect_refused("GET /echo HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400);
    expect_refused("GET /echo HTTP/1.0\r\nHost: x/y\r\n\r\n", 400);
}

TEST_F(http_hostile, a_malformed_host_gets_400) {
    for (const auto* host : {"x y",  "x, y", "x/y",    "http://x",    "me@x", "x?y", "x#y",  "x\\y",
                             "x\"y", "<x>",  "x:80x",  "x:-1",        "x::1", "::1", "[::1", "[::1]5000",
                             "[]",   "[x]",  "[::1]]", "[127.0.0.1]", "x%",   "x%4", "x%zz", "m\xc3\xbcller"})
        expect_refused("GET /echo HTTP/1.1\r\nHost: "s + host + "\r\n\r\n", 400);
}

TEST_F(http_hostile, every_form_of_host_is_taken) {  // RFC 3986 §3.2.2
    auto client = server.connect();
    for (const auto* host : {"x", "x:", "x:5000", "chat.example", "my_app-1.internal:80", "127.0.0.1:5000",
                             "[::1]", "[::ffff:127.0.0.1]:80", "m%C3%BCller", "xn--mller-kva", ""})
        EXPECT_EQ(client.ask("GET /echo HTTP/1.1\r\nHost: "s + host + "\r\n\r\n").status, 200u) << host;
    handler.requests = 0;
}

TEST_F(http_hostile, a_chunk_size_that_no_body_can_have_gets_400) {
    const auto post = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"s;
    for (const auto* size : {"8000000000000000", "FFFFFFFFFFFFFFFF", "ffffffffffffffff", "10000000000000000",
                             "10000000000000005", "fffffffffffffffffffffffffffffffff"}) {
        expect_refused(post + size + "\r\nhello\r\n0\r\n\r\n", 400);
        expect_refused(post + "5\r\nhello\r\n" + size + "\r\nhello\r\n0\r\n\r\n", 400);
        expect_refused(post + size + ";a=b\r\n", 400);
    }
}

TEST_F(http_hostile, chunks_of_exactly_the_limit_are_taken) {
    auto client = server.connect();
    for (int again = 0; again < 2; ++again) {  // the count begins anew with each request
        std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 10; ++i) request += "0000064;a=b\r\n" + std::string(100, 'b') + "\r\n";
        EXPECT_EQ(client.ask(request + "0\r\n\r\n").body, "POST /echo " + std::string(1000, 'b'));
    }
    handler.requests = 0;
}

TEST_F(http_hostile, a_chunk_extension_or_a_trailer_longer_than_a_header_may_be_gets_400) {
    const auto post = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"s;
    expect_refused(post + "1;" + std::string(8000, 'a') + "\r\nb\r\n0\r\n\r\n", 400);
    std::string trailer;
    for (int i = 0; i < 1000; ++i) trailer += "X-Y: z\r\n";
    expect_refused(post + "0\r\n" + trailer + "\r\n", 400);
}

TEST_F(http_hostile, malformed_chunks_get_400) {
    const auto post = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"s;
    for (const auto* chunks :
         {"x\r\n", "-1\r\n", "5\r\nhelloXX\r\n", "10000000000000000\r\n", "\r\n", "0x5\r\n\r\n"})
        expect_refused(post + chunks, 400);
}

TEST_F(http_hostile, a_chunk_extension_without_end_is_cut_off) {
    const auto post = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;"s;
    expect_refused(post + std::string(200'000, 'a'), 400);
}

TEST_F(http_hostile, what_is_not_http_gets_400) {
    for (const auto& sent :
         {"hello\r\n\r\n"s, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n"s, "GET /echo\r\n\r\n"s,
          "GET /echo HTTP/9.9\r\n\r\n"s, "GET  /echo HTTP/1.1\r\nHost: x\r\n\r\n"s,
          "GET /echo HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n"s,
          "GET /echo HTTP/1.1\r\nHost: x\r\nBad name: x\r\n\r\n"s,
          "GET /echo HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"s}) {
        expect_refused(sent, 400);
    }
}

TEST_F(http_hostile, a_header_that_takes_too_long_is_answered_408_and_closed) {
    const auto began = base::steady_now();
    auto trickle = server.connect();
    for (const char c : "GET /echo HTTP/1.1\r\nHost: x\r\nHo"s) {
        if (!trickle.send({&c, 1})) break;
        std::this_thread::sleep_for(40ms);  // never silent for long
    }
    EXPECT_EQ(trickle.read_answer().status, 408u);
    EXPECT_TRUE(trickle.closed());
    EXPECT_LT(base::steady_now() - began, 5s);
    auto silent = server.connect();
    EXPECT_TRUE(silent.closed(5s));
    EXPECT_EQ(handler.requests, 0);
}

TEST_F(http_hostile, a_body_that_trickles_is_answered_408_and_closed) {
    auto client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
    for (int i = 0; i < 100 && client.silent(10ms); ++i) client.send("b");
    EXPECT_EQ(client.read_answer().status, 408u);
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(handler.requests, 0);
}

TEST_F(http_hostile, a_slow_body_that_keeps_the_pace_is_taken) {
    auto client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
    for (int i = 0; i < 9; ++i) {  // 100 bytes each 100 ms, longer than two windows in all
        client.send(std::string(100, 'b'));
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_EQ(client.read_answer().status, 200u);
}

TEST_F(http_hostile, an_idle_connection_is_closed_without_a_word) {
    auto client = server.connect();
    EXPECT_EQ(client.get("/echo").status, 200u);
    EXPECT_EQ(client.read_to_end(5s), "");
}

TEST_F(http_hostile, who_asks_on_and_takes_no_answer_is_not_answered_further_and_closed_in_time) {
    handler.big = 200'000;
    const auto before = counters().closed_slow.load();
    auto client = server.connect(4096);
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";  // 40 MB asked for
    client.send(requests);
    EXPECT_TRUE(test::eventually([&] { return counters().closed_slow > before; }));
    EXPECT_TRUE(test::eventually(
        [&] { return server->on_shard(0, [&] { return server->threads.at(0).connections(); }) == 0; }));
    EXPECT_LT(handler.requests, 100) << "what the kernel takes, and little more";
}

TEST_F(http_hostile, who_asks_ahead_of_reading_gets_every_answer) {
    handler.big = 200'000;
    auto client = server.connect(4096);
    std::string requests;
    for (int i = 0; i < 30; ++i) requests += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(requests);
    std::this_thread::sleep_for(100ms);  // until no more is answered
    for (int i = 0; i < 30; ++i) EXPECT_EQ(client.read_answer().body.size(), handler.big);
    EXPECT_EQ(handler.requests, 30);
}

TEST_F(http_hostile, a_reader_that_stalls_in_one_answer_is_closed_in_time) {
    handler.big = 50'000'000;
    const auto before = counters().closed_slow.load();
    auto client = server.connect(4096);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(test::eventually([&] { return counters().closed_slow > before; }));
}

TEST_F(http_hostile, a_slow_reader_that_does_read_gets_everything) {
    handler.big = 3'000'000;
    auto client = server.connect(4096);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_through("\r\n\r\n");
    std::size_t got = 0;
    for (int i = 0; i < 30; ++i) {
        got += client.read_exactly(100'000).size();
        std::this_thread::sleep_for(25ms);  // longer than write_stall in all
    }
    EXPECT_EQ(got, 3'000'000u);
}

// The kernel asks for more only when a third of what it holds is gone, here a megabyte: later than
// write_stall.
TEST_F(http_hostile, a_reader_slower_than_the_kernel_tells_of_gets_everything) {
    handler.big = 5'000'000;
    auto client = server.connect(4096);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_through("\r\n\r\n");
    std::size_t got = 0;
    for (int i = 0; i < 25; ++i) {
        got += client.read_exactly(20'000).size();
        std::this_thread::sleep_for(50ms);
    }
    got += client.read_exactly(handler.big - got).size();
    EXPECT_EQ(got, handler.big);
}

TEST_F(http_hostile, a_reader_that_takes_crumbs_is_closed_in_time) {
    handler.big = 5'000'000;
    const auto before = counters().closed_slow.load();
    auto client = server.connect(4096);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_through("\r\n\r\n");
    EXPECT_TRUE(test::eventually([&] {
        if (counters().closed_slow > before) return true;
        client.take_crumb(10);
        return false;
    }));
}

TEST_F(http_hostile, an_answer_that_takes_longer_than_the_idle_time_is_not_cut_off) {
    handler.big = 20'000'000;  // more than the kernel keeps for a connection
    auto client = server.connect(4096);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_through("\r\n\r\n");
    std::size_t got = 0;
    for (int i = 0; i < 40; ++i) {
        got += client.read_exactly(500'000).size();
        std::this_thread::sleep_for(25ms);  // 1 s in all: twice idle_timeout
    }
    // No further request: the answer's end may have been with the kernel, and the connection idle, for long.
    EXPECT_EQ(got, 20'000'000u);
}

TEST_F(http_hostile, a_thousand_connections_that_are_reset_leave_nothing_behind) {
    for (int i = 0; i < 1'000; ++i) {
        auto client = server.connect();
        if (i % 3 == 0) client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
        if (i % 3 == 1) client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf");
        client.reset();
    }
    EXPECT_TRUE(test::eventually(
        [&] { return server->on_shard(0, [&] { return server->threads.at(0).connections(); }) == 0; }));
}

}  // namespace
}  // namespace chatterlink::net
