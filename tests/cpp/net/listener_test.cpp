#include "net/listener.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/support/function_reader.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

using test::eventually;
using test::loopback;

TEST(net_listener, a_port_in_use_and_an_unknown_host_are_told_apart) {
    reactor threads(1);
    const connection_limits limits;
    const auto first = listener::open(threads, "127.0.0.1", 0, limits, [](auto) {});
    ASSERT_TRUE(first);
    EXPECT_NE((*first)->port(), 0);
    const auto second = listener::open(threads, "127.0.0.1", (*first)->port(), limits, [](auto) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::errc::address_in_use);
    EXPECT_NE(second.error().message.find(std::to_string((*first)->port())), std::string::npos);
    const auto nowhere = listener::open(threads, "256.0.0.1.invalid", 0, limits, [](auto) {});
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, base::errc::io_failed);
}

TEST(net_listener, several_addresses_have_one_port_and_are_all_served) {
    std::atomic<int> accepted{0};
    const connection_limits limits;
    reactor threads(2);
    const auto serve = [&](const std::shared_ptr<connection>& c) {
        ++accepted;
        c->send(base::shared_buffer::copy_of("hello"));
        c->close_after_flush();
    };
    auto all = listener::open_each(threads, {"127.0.0.1", "127.0.0.2"}, 0, limits, serve);
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 2U);
    const auto port = (*all)[0]->port();
    EXPECT_NE(port, 0);
    EXPECT_EQ((*all)[0]->where(), "127.0.0.1:" + std::to_string(port));
    EXPECT_EQ((*all)[1]->where(), "127.0.0.2:" + std::to_string(port));
    threads.start();
    for (const auto& each : *all) each->start();
    boost::asio::io_context context;
    for (const auto* address : {"127.0.0.1", "127.0.0.2"}) {
        boost::asio::ip::tcp::socket client(context);
        client.connect({boost::asio::ip::make_address(address), port});
        std::string got;
        boost::system::error_code end;
        boost::asio::read(client, boost::asio::dynamic_buffer(got), end);
        EXPECT_EQ(got, "hello") << address;
    }
    EXPECT_EQ(accepted, 2);
    threads.stop();
    for (const auto& each : *all) each->stop();
}

TEST(net_listener, an_address_that_the_machine_lacks_is_left_out_while_another_serves) {
    reactor threads(1);
    const connection_limits limits;
    // 192.0.2.1 and 2001:db8::1 are for documents (RFC 5737, RFC 3849): no machine has them.
    const auto rest =
        listener::open_each(threads, {"2001:db8::1", "127.0.0.1", "192.0.2.1"}, 0, limits, [](auto) {});
    ASSERT_TRUE(rest) << rest.error().message;
    ASSERT_EQ(rest->size(), 1U);
    EXPECT_EQ((*rest)[0]->where(), "127.0.0.1:" + std::to_string((*rest)[0]->port()));
    const auto none = listener::open_each(threads, {"2001:db8::1", "192.0.2.1"}, 0, limits, [](auto) {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, base::errc::io_failed);
    EXPECT_NE(none.error().message.find("192.0.2.1"), std::string::npos);
}

TEST(net_listener, a_port_that_is_taken_at_one_of_several_addresses_is_an_error_and_none_stays_bound) {
    reactor threads(1);
    const connection_limits limits;
    const auto first = listener::open(threads, "127.0.0.2", 0, limits, [](auto) {});
    ASSERT_TRUE(first);
    const auto port = (*first)->port();
    const auto both = listener::open_each(threads, {"127.0.0.1", "127.0.0.2"}, port, limits, [](auto) {});
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().code, base::errc::address_in_use);
    EXPECT_NE(both.error().message.find("127.0.0.2"), std::string::npos);
    EXPECT_TRUE(listener::open(threads, "127.0.0.1", port, limits, [](auto) {})) << "it was not given back";
}

TEST(net_listener, deals_connections_out_to_the_shards_in_turn_and_stops_accepting) {
    std::array<std::atomic<int>, 3> seen{};
    test::loopback server(3, [&](std::shared_ptr<connection> c) {
        ++seen[c->home().id()];
        test::start_reading(*c);
    });
    for (int i = 0; i < 9; ++i) server.connect().send("x");
    EXPECT_TRUE(eventually([&] { return seen[0] == 3 && seen[1] == 3 && seen[2] == 3; }));
    const auto port = server.port();
    server.stop();
    EXPECT_THROW(test::raw_client{port}, std::runtime_error);
}

}  // namespace
}  // namespace chatterlink::net
