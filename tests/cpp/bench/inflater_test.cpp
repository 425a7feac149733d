#include "load/inflater.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "load/websocket_frames.hpp"

namespace chatterlink::load {
namespace {

// As a server compresses it (RFC 7692 §7.2.1).
std::string compressed(const std::string& text, int level = 6) {
    z_stream z{};
    EXPECT_EQ(::deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string bytes(::deflateBound(&z, text.size()) + 16, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(bytes.data());
    z.avail_out = static_cast<uInt>(bytes.size());
    EXPECT_EQ(::deflate(&z, Z_SYNC_FLUSH), Z_OK);
    bytes.resize(bytes.size() - z.avail_out - 4);
    ::deflateEnd(&z);
    return bytes;
}

TEST(inflater, gives_back_what_was_compressed) {
    inflater i;
    for (const auto& text :
         {std::string("hello"), std::string(), std::string(300'000, 'x'), std::string("again")}) {
        for (const int level : {0, 6}) EXPECT_EQ(i.inflate(compressed(text, level)), text);
    }
}

TEST(inflater, does_the_work_once_for_what_many_receive) {
    inflater i;
    const auto one = compressed("one");
    const auto two = compressed("two");
    for (int member = 0; member < 100; ++member) {
        EXPECT_EQ(i.inflate(one), "one");
        EXPECT_EQ(i.inflate(two), "two");
    }
    EXPECT_EQ(i.inflated(), 2U);
}

TEST(inflater, takes_a_final_block_and_nothing_broken) {
    inflater i;
    EXPECT_EQ(i.inflate(std::string("\x03\x00", 2)), "");
    EXPECT_FALSE(i.inflate("\xFF\xFF\xFF"));
    EXPECT_FALSE(i.inflate("\xFF\xFF\xFF"));
    EXPECT_EQ(i.inflate(compressed("after")), "after");
}

TEST(inflater, stops_at_what_would_be_too_long) {
    inflater i;
    EXPECT_FALSE(i.inflate(compressed(std::string(max_frame_payload + 100'000, 'x'))));
}

}  // namespace
}  // namespace chatterlink::load
