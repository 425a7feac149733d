#include "load/endpoint.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bench/listener.hpp"
#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

TEST(endpoint, takes_further_source_addresses_when_one_has_many_connections) {
    listener server;
    endpoint to("127.0.0.1", server.port(), "", 2);
    server.source();  // the one that looked whether there is a server
    std::vector<std::string> sources;
    std::vector<int> sockets;
    for (int i = 0; i < 5; ++i) {
        sockets.push_back(to.open_socket());
        sources.push_back(server.source());
    }
    for (const int fd : sockets) ::close(fd);
    EXPECT_EQ(sources,
              (std::vector<std::string>{"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"}));
}

TEST(endpoint, is_named_as_people_write_it) {
    listener server;
    EXPECT_EQ(endpoint("127.0.0.1", server.port(), "").name(), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(endpoint("127.0.0.1", server.port(), "").host(), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(endpoint, that_is_not_there_says_so) {
    std::uint16_t port = 0;
    { port = listener().port(); }
    EXPECT_THROW(endpoint("127.0.0.1", port, ""), could_not_run);
    EXPECT_THROW(endpoint("127.0.0.1", 0, "/nowhere/x"), could_not_run);
    EXPECT_THROW(endpoint("127.0.0.1", 0, std::string(200, 'x')), could_not_run);
}

TEST(open_files, are_allowed_up_to_the_hard_limit) {
    EXPECT_NO_THROW(allow_open_files(1));
    EXPECT_THROW(allow_open_files(std::size_t{1} << 60U), could_not_run);
}

}  // namespace
}  // namespace chatterlink::load
