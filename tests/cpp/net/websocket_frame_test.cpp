#include "net/websocket_frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::net {
namespace {

using namespace std::string_literals;

std::string header(websocket_opcode opcode, std::size_t payload) {
    std::string out;
    append_websocket_header(out, opcode, payload);
    return out;
}

TEST(websocket_frame, the_header_is_as_short_as_its_length_allows) {  // RFC 6455 §5.2
    EXPECT_EQ(header(websocket_opcode::text, 0), "\x81\x00"s);
    EXPECT_EQ(header(websocket_opcode::text, 5), "\x81\x05"s);
    EXPECT_EQ(header(websocket_opcode::text, 125), "\x81\x7d"s);
    EXPECT_EQ(header(websocket_opcode::text, 126), "\x81\x7e\x00\x7e"s);
    EXPECT_EQ(header(websocket_opcode::text, 65535), "\x81\x7e\xff\xff"s);
    EXPECT_EQ(header(websocket_opcode::text, 65536), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
    EXPECT_EQ(header(websocket_opcode::binary, 0x0102030405), "\x82\x7f\x00\x00\x00\x01\x02\x03\x04\x05"s);
}

TEST(websocket_frame, the_announced_header_size_is_the_real_one) {
    for (const std::size_t payload : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 10'000'000u}) {
        EXPECT_EQ(header(websocket_opcode::text, payload).size(), websocket_header_size(payload)) << payload;
    }
}

TEST(websocket_frame, a_frame_is_its_header_and_both_parts_of_its_payload) {
    EXPECT_EQ(websocket_frame(websocket_opcode::text, "4", "hello")->view(),
              "\x81\x06"
              "4hello");
    EXPECT_EQ(websocket_frame(websocket_opcode::binary, "\0\xff"s)->view(), "\x82\x02\x00\xff"s);
    EXPECT_EQ(websocket_frame(websocket_opcode::text, "")->view(), "\x81\x00"s);
}

TEST(websocket_frame, the_payload_is_found_again_behind_every_header) {
    for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u}) {
        const std::string payload(size, 'p');
        EXPECT_EQ(websocket_payload(websocket_frame(websocket_opcode::text, payload)->view()), payload)
            << size;
    }
}

}  // namespace
}  // namespace chatterlink::net
