// HTTP/1.1 over real loopback sockets: what is answered, in which order, and that the connection goes on.
#include "net/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "net/static_files.hpp"
#include "net/support/loopback.hpp"
#include "net/support/recording_handler.hpp"

namespace chatterlink::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::http_loopback;
using test::raw_client;
using test::recording_handler;

TEST(http_server, answers_a_request_and_keeps_the_connection) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    for (int i = 0; i < 100; ++i) {
        const auto answer = client.post("/echo?n=" + std::to_string(i), "body");
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.body, "POST /echo?n=" + std::to_string(i) + " body");
        EXPECT_EQ(answer.field("connection"), "");
    }
    EXPECT_EQ(server->on_shard(0, [&] { return server->threads.at(0).connections(); }), 1u);
}

TEST(http_server, answers_pipelined_requests_in_order) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    std::string requests;
    for (int i = 0; i < 200; ++i)
        requests += "POST /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb";
    client.send(requests);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(client.read_answer().body, "POST /echo?" + std::to_string(i) + " b");
}

TEST(http_server, takes_a_request_byte_by_byte) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    for (const char c : "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"s)
        client.send({&c, 1});
    EXPECT_EQ(client.read_answer().body, "POST /echo hello");
}

TEST(http_server, takes_a_chunked_body) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, "POST /echo hello!");
    EXPECT_EQ(client.get("/echo").status, 200u);
}

TEST(http_server, takes_a_chunked_body_byte_by_byte) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : "5\r\nhello\r\n0\r\n\r\n"s) {
        ASSERT_TRUE(client.silent(3ms)) << "answered before the end";  // so that each byte is read alone
        client.send({&c, 1});
    }
    EXPECT_EQ(client.read_answer().body, "POST /echo hello");
}

TEST(http_server, head_has_the_fields_of_get_and_no_body) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    const auto head = client.ask("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.field("content-length"), std::to_string("HEAD /echo "s.size()));
    EXPECT_EQ(client.get("/echo").body, "GET /echo ") << "the connection is out of step";
}

TEST(http_server, closes_when_the_client_or_the_answer_asks_for_it) {
    recording_handler handler;
    http_loopback server(handler);
    for (const auto* fields : {"Connection: close\r\n", "X-Close: yes\r\n"}) {
        auto client = server.connect();
        const auto answer = client.get("/echo", fields);
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.field("connection"), "close");
        EXPECT_TRUE(client.closed());
    }
}

TEST(http_server, speaks_http_1_0) {
    recording_handler handler;
    http_loopback server(handler);
    auto once = server.connect();
    EXPECT_EQ(once.ask("GET /echo HTTP/1.0\r\n\r\n").body, "GET /echo ");
    EXPECT_TRUE(once.closed());
    auto kept = server.connect();
    EXPECT_EQ(kept.ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("connection"),
              "keep-alive");
    EXPECT_EQ(kept.ask("GET /echo HTTP/1.0\r\n\r\n").status, 200u);
}

TEST(http_server, a_client_that_stops_writing_still_gets_its_answer) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    client.shut_down_writing();
    EXPECT_EQ(client.read_answer().status, 200u);
    EXPECT_TRUE(client.closed());
}

TEST(http_server, takes_a_target_as_it_is_for_a_proxy) {  // RFC 9112 §3.2.2
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    const auto body = [&](const std::string& target) {
        return client.ask("GET " + target + " HTTP/1.1\r\nHost: elsewhere\r\n\r\n").body;
    };
    EXPECT_EQ(body("http://x:80/echo?a=http://y/z"), "GET /echo?a=http://y/z ");
    EXPECT_EQ(body("HTTPS://[::1]:443/echo"), "GET /echo ");
    EXPECT_EQ(body("/echo?http://x/"), "GET /echo?http://x/ ") << "left as it is";
    EXPECT_EQ(body("http://x:81/host"), "x:81") << "it goes before the field";
    EXPECT_EQ(body("/host"), "elsewhere");
    for (const auto* target : {"http://x", "http://x?a", "ftp://x/echo", "x://echo", "http:/echo", "*"})
        EXPECT_EQ(client.ask("GET "s + target + " HTTP/1.1\r\nHost: x\r\n\r\n").status, 404u) << target;
    for (const auto* target :
         {"http://", "http:///echo", "http://user@x/echo", "http://x:y/echo", "http://[x]/"}) {
        auto refused = server.connect();
        EXPECT_EQ(refused.ask("GET "s + target + " HTTP/1.1\r\nHost: x\r\n\r\n").status, 400u) << target;
    }
}

TEST(http_server, says_100_continue_before_a_body_that_will_be_taken) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_EQ(client.read_answer().body, "POST /echo hello");
}

TEST(http_server, says_no_100_continue_before_a_body_that_is_refused_or_here_already) {
    recording_handler handler;
    http_loopback server(handler);
    auto refused = server.connect();
    EXPECT_EQ(
        refused.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
            .status,
        413u);
    auto empty = server.connect();
    EXPECT_EQ(empty.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n")
                  .status,
              200u);
}

TEST(http_server, an_exchange_dropped_unanswered_becomes_500_and_the_connection_goes_on) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    const auto dropped = client.get("/dropped");
    EXPECT_EQ(dropped.status, 500u);
    EXPECT_NE(dropped.body.find("\"internal\""), std::string::npos) << dropped.body;
    EXPECT_EQ(client.get("/throws").status, 500u);
    EXPECT_EQ(client.get("/echo").status, 200u);
}

TEST(http_server, failures_carry_code_sentence_and_when_to_retry) {
    struct limited final : http_handler {
        std::uint64_t body_limit(const exchange&) override { return 0; }
        void handle(exchange_ptr e) override {
            e->respond(response::failure({base::errc::rate_limited, "too \"fast\"", 1'500ms}));
        }
    } handler;
    http_loopback server(handler);
    const auto answer = server.connect().get("/");
    EXPECT_EQ(answer.status, 429u);
    EXPECT_EQ(answer.field("retry-after"), "2");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
    EXPECT_EQ(
        answer.body,
        R"({"error":{"code":"rate_limited","message":"too \"fast\"","retry_after_ms":1500},"ok":false})");
}

TEST(http_server, what_a_request_said_outlives_it) {
    std::shared_ptr<const request_info> info;
    test::function_handler handler([&](const exchange_ptr& e) {
        info = e->info();
        EXPECT_EQ(info, e->info()) << "made twice";
        e->respond(response::text(200, ""));
    });
    http_loopback server(handler);
    auto client = server.connect();
    client.get("/a/b?c=d&e", "X-One: 1\r\nCookie: k=v\r\nx-one:  2 \r\n");
    const auto kept = server->on_shard(0, [&] { return info; });
    EXPECT_EQ(kept->method, "GET");
    EXPECT_EQ(kept->target, "/a/b?c=d&e");
    EXPECT_EQ(kept->path(), "/a/b");
    EXPECT_EQ(kept->query(), "c=d&e");
    EXPECT_EQ(kept->version, 11u);
    const std::vector<std::pair<std::string, std::string>> fields{
        {"Host", "x"}, {"X-One", "1"}, {"x-one", "2"}, {"Cookie", "k=v"}};  // equal names side by side
    EXPECT_THAT(kept->fields, testing::ElementsAreArray(fields));
    EXPECT_EQ(kept->header("x-ONE"), "1");
    EXPECT_EQ(kept->header("X-Two"), "");
    EXPECT_EQ(kept->remote_address, "127.0.0.1");
    EXPECT_NE(kept->remote_port, 0u);
    EXPECT_EQ(kept->local_port, server->port());
    EXPECT_FALSE(kept->secure);
    client.ask("GET /next HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto next = server->on_shard(0, [&] { return info; });
    EXPECT_EQ(next->target, "/next");
    EXPECT_EQ(next->query(), "");
    EXPECT_EQ(next->version, 10u);
    EXPECT_EQ(kept->target, "/a/b?c=d&e");
}

TEST(http_server, fields_added_to_an_exchange_go_out_with_its_answer_only) {
    struct adding final : http_handler {
        std::uint64_t body_limit(const exchange&) override { return 0; }
        void handle(exchange_ptr e) override {
            if (e->path() == "/with") e->add_header("X-Added", "yes");
            e->respond(response::text(200, ""));
        }
    } handler;
    http_loopback server(handler);
    auto client = server.connect();
    EXPECT_EQ(client.get("/with").field("x-added"), "yes");
    EXPECT_EQ(client.get("/without").field("x-added"), "");
}

TEST(http_server, streams_a_file_of_several_megabytes) {
    char path[] = "/tmp/chatterlink-file-XXXXXX";
    const int made = ::mkstemp(path);
    ASSERT_GE(made, 0);
    ::close(made);
    std::string content(5'000'001, '\0');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761u >> 13);
    std::ofstream(path, std::ios::binary) << content;

    recording_handler handler;
    handler.file = path;
    handler.file_size = content.size();
    http_loopback server(handler, 1, {}, {.max_queue = 300 * 1024});
    auto client = server.connect(8192);
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.get("/file");
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.field("content-length"), "5000001");
        EXPECT_TRUE(answer.body == content) << "other bytes";
    }
    EXPECT_EQ(client.ask("HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n").field("content-length"), "5000001");
    EXPECT_EQ(client.get("/echo").status, 200u);

    handler.file_size =
        content.size() + 1;  // promised more than there is: a broken transfer, not a short file
    client.send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto broken = client.read_to_end();
    EXPECT_LT(broken.size() - broken.find("\r\n\r\n") - 4, content.size() + 1);
    ::unlink(path);
}

TEST(http_server, a_client_that_leaves_in_the_middle_of_a_file_costs_no_descriptor) {
    char path[] = "/tmp/chatterlink-file-XXXXXX";
    const int made = ::mkstemp(path);
    ASSERT_GE(made, 0);
    ASSERT_EQ(::ftruncate(made, 50'000'000), 0);
    ::close(made);
    recording_handler handler;
    handler.file = path;
    handler.file_size = 50'000'000;
    http_loopback server(handler);
    const auto next_descriptor = [&] {
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(fd);
        return fd;
    };
    const int before = next_descriptor();
    for (int i = 0; i < 20; ++i) {
        auto client = server.connect(4096);
        client.send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
        client.read_exactly(1000);
        client.reset();
    }
    EXPECT_TRUE(test::eventually([&] {
        return server->on_shard(0, [&] { return server->threads.at(0).connections(); }) == 0 &&
               next_descriptor() == before;
    }));
    ::unlink(path);
}

TEST(http_server, a_held_request_can_be_answered_later) {
    recording_handler handler;
    http_loopback server(handler);
    auto client = server.connect();
    client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(test::eventually([&] { return handler.holding == 1; }));
    EXPECT_TRUE(client.silent(30ms));
    server->threads.post(
        0, [&] { std::exchange(handler.held, nullptr)->respond(response::text(200, "at last")); });
    EXPECT_EQ(client.read_answer().body, "at last");
    EXPECT_EQ(client.get("/echo").status, 200u);
    EXPECT_EQ(handler.aborted, 0);
}

TEST(http_server, notices_that_the_client_of_a_held_request_went_away) {
    recording_handler handler;
    http_loopback server(handler);
    for (const bool hard : {false, true}) {
        const int before = handler.aborted;
        auto client = server.connect();
        client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(test::eventually([&] { return handler.holding == before + 1; }));
        hard ? client.reset() : client.close();
        EXPECT_TRUE(test::eventually([&] { return handler.aborted == before + 1; }))
            << (hard ? "reset" : "close");
    }
    server->on_shard(0, [&] { handler.held.reset(); });
}

TEST(http_server, a_request_handed_over_is_answered_there_and_the_connection_works_on) {
    recording_handler handler;
    http_loopback server(handler, 2);
    handler.use(server->threads);
    auto client = server.connect();  // on shard 0
    EXPECT_EQ(client.post("/move/1", "body").body, "shard 1 body");
    EXPECT_EQ(server->on_shard(0, [&] { return server->threads.at(0).connections(); }), 0u);
    EXPECT_EQ(server->on_shard(1, [&] { return server->threads.at(1).connections(); }), 1u);
    EXPECT_EQ(client.get("/echo").body, "GET /echo ");
    EXPECT_EQ(client.post("/move/0", "back").body, "shard 0 back");
    for (int i = 0; i < 50; ++i) {
        const auto to = std::to_string(i % 2);
        EXPECT_EQ(client.get("/move/" + to).body, "shard " + to + " ");
    }
}

TEST(http_server, pipelined_requests_survive_being_handed_over) {
    recording_handler handler;
    http_loopback server(handler, 2);
    handler.use(server->threads);
    auto client = server.connect();
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += "GET /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        requests += "GET /move/" + std::to_string((i + 1) % 2) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    client.send(requests);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.read_answer().body, "GET /echo?" + std::to_string(i) + " ");
        EXPECT_EQ(client.read_answer().body, "shard " + std::to_string((i + 1) % 2) + " ");
    }
}

TEST(http_server, serves_static_files_with_validators_and_compressed_variants) {
    const std::vector<static_file> page = {
        {"/index.html", "text/html", "<p>page</p>", "zipped", "\"tag\""},
        {"/assets/a-1234.js", "text/javascript", "code", {}, "\"code\""},
    };
    static_files files(page, {{"X-Frame-Options", "DENY"}});
    http_loopback server(files);
    auto client = server.connect();

    const auto plain = client.get("/");
    EXPECT_EQ(plain.status, 200u);
    EXPECT_EQ(plain.body, "<p>page</p>");
    EXPECT_EQ(plain.field("content-type"), "text/html");
    EXPECT_EQ(plain.field("etag"), "\"tag\"");
    EXPECT_EQ(plain.field("vary"), "Accept-Encoding");
    EXPECT_EQ(plain.field("cache-control"), "no-cache");
    EXPECT_EQ(plain.field("x-frame-options"), "DENY");

    const auto zipped = client.get("/index.html", "Accept-Encoding: br, gzip\r\n");
    EXPECT_EQ(zipped.body, "zipped");
    EXPECT_EQ(zipped.field("content-encoding"), "gzip");
    EXPECT_EQ(zipped.field("etag"), "\"tag-gzip\"") << "two variants may not share a tag";

    const auto unchanged = client.get("/", "If-None-Match: W/\"tag\"\r\n");
    EXPECT_EQ(unchanged.status, 304u);
    EXPECT_EQ(unchanged.body, "");
    EXPECT_EQ(unchanged.field("etag"), "\"tag\"");

    EXPECT_NE(client.get("/assets/a-1234.js").field("cache-control").find("immutable"), std::string::npos);
    EXPECT_EQ(client.ask("HEAD /assets/a-1234.js HTTP/1.1\r\nHost: x\r\n\r\n").field("content-length"), "4");

    const auto missing = client.get("/nothing");
    EXPECT_EQ(missing.status, 404u);
    EXPECT_NE(missing.body.find("not_found"), std::string::npos);
    const auto posted = client.post("/", "");
    EXPECT_EQ(posted.status, 405u);
    EXPECT_EQ(posted.field("allow"), "GET, HEAD");
    EXPECT_EQ(client.get("/%2e%2e/index.html").status, 404u);
    EXPECT_EQ(client.post("/", "a body").status, 413u);
}

}  // namespace
}  // namespace chatterlink::net
