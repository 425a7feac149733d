#include "apps/engine_host.hpp"

#include <gtest/gtest.h>

#include "net/support/raw_client.hpp"

namespace chatterlink::apps {
namespace {

class says_hello final : public net::http_handler {
  public:
    std::uint64_t body_limit(const net::exchange&) override { return 0; }
    void handle(net::exchange_ptr e) override { e->respond(net::response::text(200, "hello")); }
};

test::http_answer get(std::uint16_t port, const std::string& path) {
    test::raw_client client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.read_answer();
}

TEST(engine_host, serves_what_was_added_and_404_elsewhere) {
    says_hello hello;
    engine_host host({.port = 0, .threads = 2, .log_level = "off"});
    host.serve("/hello/", hello);
    EXPECT_FALSE(host.running());
    host.start();
    EXPECT_TRUE(host.running());
    EXPECT_NE(host.port(), 0);
    EXPECT_EQ(get(host.port(), "/hello/").body, "hello");
    EXPECT_EQ(get(host.port(), "/else").status, 404u);
    host.stop([] {});
    EXPECT_FALSE(host.running());
    host.stop([] {});
}

TEST(engine_host, says_goodbye_on_every_shard) {
    engine_host host({.port = 0, .threads = 3, .log_level = "off"});
    host.start();
    std::atomic<int> shards{0};
    host.stop([&] {
        EXPECT_NE(host.threads().current(), base::no_shard);
        ++shards;
    });
    EXPECT_EQ(shards, 3);
}

TEST(engine_host, a_port_that_is_taken_is_an_error_and_the_other_server_goes_on) {
    says_hello hello;
    engine_host first({.port = 0, .threads = 1, .log_level = "off"});
    first.serve("/hello", hello);
    first.start();
    engine_host second({.port = first.port(), .threads = 1, .log_level = "off"});
    try {
        second.start();
        FAIL() << "bound twice";
    } catch (const base::failure& f) {
        EXPECT_EQ(f.get().code, base::errc::address_in_use);
    }
    EXPECT_FALSE(second.running());
    EXPECT_EQ(get(first.port(), "/hello").body, "hello");
}

TEST(engine_host, refuses_an_unknown_log_level) {
    EXPECT_THROW(engine_host({.log_level = "loud"}), base::failure);
}

}  // namespace
}  // namespace chatterlink::apps
