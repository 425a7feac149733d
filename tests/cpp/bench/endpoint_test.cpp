#include "load/endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

// Accepts on a free port of the loopback network.
class listener {
  public:
    listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&here), size), 0);
        EXPECT_EQ(::listen(fd_, 64), 0);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size);
        port_ = ntohs(here.sin_port);
    }
    ~listener() { ::close(fd_); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    std::uint16_t port() const { return port_; }

    // Where the next connection comes from.
    std::string accept() {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
        EXPECT_GE(fd, 0);
        ::close(fd);
        char text[INET_ADDRSTRLEN] = "";
        ::inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
        return text;
    }

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

TEST(endpoint, takes_further_source_addresses_when_one_has_many_connections) {
    listener server;
    endpoint to("127.0.0.1", server.port(), "", 2);
    server.accept();  // the one that looked whether there is a server
    std::vector<std::string> sources;
    std::vector<int> sockets;
    for (int i = 0; i < 5; ++i) {
        sockets.push_back(to.open_socket());
        sources.push_back(server.accept());
    }
    for (const int fd : sockets) ::close(fd);
    EXPECT_EQ(sources,
              (std::vector<std::string>{"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"}));
}

TEST(endpoint, is_named_as_people_write_it) {
    listener server;
    EXPECT_EQ(endpoint("127.0.0.1", server.port(), "").name(), "127.0.0.1:" + std::to_string(server.port()));
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
