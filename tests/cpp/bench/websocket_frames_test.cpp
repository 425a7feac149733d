#include "load/websocket_frames.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chatterlink::load {
namespace {

frame_state parse(const std::string& bytes, frame& found) {
    return parse_frame(bytes.data(), bytes.size(), found);
}

// As a server sends it.
std::string unmasked(unsigned first, std::size_t length, unsigned length_bytes) {
    std::string bytes{static_cast<char>(first)};
    if (length_bytes == 0) {
        bytes += static_cast<char>(length);
    } else {
        bytes += static_cast<char>(length_bytes == 2 ? 126 : 127);
        for (unsigned i = length_bytes; i-- > 0;) bytes += static_cast<char>(length >> (8 * i));
    }
    return bytes + std::string(length, 'x');
}

TEST(websocket_frames, are_read_with_lengths_of_all_three_kinds) {
    for (const auto& [length, bytes] : std::vector<std::pair<std::size_t, unsigned>>{
             {0, 0}, {1, 0}, {125, 0}, {126, 2}, {65535, 2}, {65536, 8}, {300, 2}}) {
        const auto all = unmasked(0x81, length, bytes);
        frame f;
        ASSERT_EQ(parse(all + "rest", f), frame_state::complete);
        EXPECT_EQ(f.payload.size(), length);
        EXPECT_EQ(f.size, all.size());
        EXPECT_EQ(f.code, opcode::text);
        EXPECT_TRUE(f.final);
    }
}

TEST(websocket_frames, are_waited_for_wherever_they_are_cut) {
    for (const auto& all : {unmasked(0x81, 10, 0), unmasked(0x81, 200, 2), unmasked(0x81, 66000, 8)}) {
        frame f;
        for (std::size_t size = 0; size < all.size(); size += size < 20 ? 1 : 97)
            ASSERT_EQ(parse_frame(all.data(), size, f), frame_state::incomplete) << size;
    }
}

TEST(websocket_frames, that_no_server_may_send_are_invalid) {
    frame f;
    EXPECT_EQ(parse(std::string("\x81\x80", 2), f), frame_state::invalid);                  // masked
    EXPECT_EQ(parse(unmasked(0xA1, 3, 0), f), frame_state::invalid);                        // reserved bit
    EXPECT_EQ(parse(unmasked(0xC9, 3, 0), f), frame_state::invalid);                        // compressed ping
    EXPECT_EQ(parse(unmasked(0x89, 126, 2), f), frame_state::invalid);                      // long ping
    EXPECT_EQ(parse(unmasked(0x09, 3, 0), f), frame_state::invalid);                        // fragmented ping
    EXPECT_EQ(parse("\x81\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", f), frame_state::invalid);  // without end
}

TEST(websocket_frames, tell_opcode_and_whether_more_follows) {
    frame f;
    ASSERT_EQ(parse(unmasked(0x01, 3, 0), f), frame_state::complete);
    EXPECT_FALSE(f.final);
    EXPECT_FALSE(f.compressed);
    ASSERT_EQ(parse(unmasked(0x89, 3, 0), f), frame_state::complete);
    EXPECT_EQ(f.code, opcode::ping);
    ASSERT_EQ(parse(unmasked(0xC1, 3, 0), f), frame_state::complete);
    EXPECT_TRUE(f.compressed);
}

TEST(websocket_frames, are_written_masked_and_in_the_shortest_form) {
    for (const auto& [length, head] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 6}, {125, 6}, {126, 8}, {65535, 8}, {65536, 14}}) {
        std::string payload(length, 'a');
        for (std::size_t i = 0; i < length; ++i) payload[i] = static_cast<char>('a' + i % 26);
        std::string bytes = "before";
        append_frame(bytes, opcode::text, payload, 0x11223344);
        bytes.erase(0, 6);
        ASSERT_EQ(bytes.size(), head + length);
        EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0x81);
        EXPECT_NE(static_cast<unsigned char>(bytes[1]) & 0x80U, 0U);
        std::string plain = bytes.substr(head);
        for (std::size_t i = 0; i < length; ++i)
            plain[i] = static_cast<char>(plain[i] ^ bytes[head - 4 + i % 4]);
        EXPECT_EQ(plain, payload);
    }
}

}  // namespace
}  // namespace chatterlink::load
