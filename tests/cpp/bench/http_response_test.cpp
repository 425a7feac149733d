#include "load/http_response.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::load {
namespace {

const std::string with_length = "HTTP/1.1 200 OK\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello";
const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n00c;x=y\r\nlo, hello, "
    "h\r\n1\r\n!\r\n0\r\n"
    "Trailer: t\r\n\r\n";

TEST(http_response, has_its_body_by_length_or_in_chunks) {
    for (const auto& [bytes, body] : {std::pair{with_length, "hello"}, {chunked, "hello, hello, h!"}}) {
        std::string all = bytes + "HTTP/1.1 ";
        http_response found;
        ASSERT_EQ(parse_response(all.data(), all.size(), found), http_state::complete);
        EXPECT_EQ(found.status, 200);
        EXPECT_EQ(found.body, body);
        EXPECT_EQ(found.size, bytes.size());
        EXPECT_TRUE(found.keep_alive);
    }
}

TEST(http_response, is_waited_for_wherever_it_is_cut_and_left_as_it_is) {
    for (const auto& bytes : {with_length, chunked}) {
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            std::string part = bytes.substr(0, size);
            http_response found;
            ASSERT_EQ(parse_response(part.data(), part.size(), found), http_state::incomplete) << size;
            ASSERT_EQ(part, bytes.substr(0, size));
        }
    }
}

TEST(http_response, says_whether_the_connection_stays) {
    const auto stays = [](const std::string& version, const std::string& field) {
        std::string all = "HTTP/" + version + " 204 No Content\r\n" + field + "\r\n";
        http_response found;
        EXPECT_EQ(parse_response(all.data(), all.size(), found), http_state::complete);
        return found.keep_alive;
    };
    EXPECT_TRUE(stays("1.1", ""));
    EXPECT_FALSE(stays("1.1", "Connection: Close\r\n"));
    EXPECT_FALSE(stays("1.0", ""));
    EXPECT_TRUE(stays("1.0", "Connection: keep-alive\r\n"));
}

TEST(http_response, that_is_none_is_invalid) {
    for (std::string bytes : {"guest-1 joined\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                              "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd"}) {
        http_response found;
        EXPECT_EQ(parse_response(bytes.data(), bytes.size(), found), http_state::invalid) << bytes;
    }
    std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(max_http_head, 'x');
    http_response found;
    EXPECT_EQ(parse_response(endless.data(), endless.size(), found), http_state::invalid);
}

TEST(http_response, of_an_upgrade_is_its_head_alone) {
    const std::string all = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x";
    http_response found;
    ASSERT_EQ(parse_response_head(all.data(), all.size(), found), http_state::complete);
    EXPECT_EQ(found.status, 101);
    EXPECT_EQ(found.size, all.size() - 3);
    EXPECT_EQ(field_of(found.head, "upgrade"), "websocket");
    EXPECT_EQ(field_of(found.head, "Upgrad"), "");
}

}  // namespace
}  // namespace chatterlink::load
