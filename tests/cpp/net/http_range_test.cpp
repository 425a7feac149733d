// Ranges, folded fields and gzip, each without a socket.
#include "net/http_range.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "net/gzip.hpp"
#include "net/http_head.hpp"

namespace chatterlink::net {
namespace {

using kind = content_range::kind;

content_range of(std::string_view range, std::string_view if_range = {}, std::uint64_t size = 100) {
    return select_range(range, if_range, "\"v1\"", size);
}

TEST(http_range, one_range_selects_a_part) {  // RFC 9110 §14.1.2
    EXPECT_EQ(of("bytes=0-9"), (content_range{kind::part, 0, 10}));
    EXPECT_EQ(of("bytes=10-"), (content_range{kind::part, 10, 90}));
    EXPECT_EQ(of("bytes=-10"), (content_range{kind::part, 90, 10}));
    EXPECT_EQ(of("bytes=99-99"), (content_range{kind::part, 99, 1}));
    EXPECT_EQ(of("bytes=90-1000"), (content_range{kind::part, 90, 10}));
    EXPECT_EQ(of("bytes=-1000"), (content_range{kind::part, 0, 100}));
    EXPECT_EQ(of("bytes=0-18446744073709551615"), (content_range{kind::part, 0, 100}));
}

TEST(http_range, what_lies_beyond_the_end_cannot_be_satisfied) {
    for (const auto* range : {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=18446744073709551615-"})
        EXPECT_EQ(of(range).what, kind::unsatisfiable) << range;
    EXPECT_EQ(of("bytes=0-", {}, 0).what, kind::unsatisfiable);
    EXPECT_EQ(of("bytes=-5", {}, 0).what, kind::unsatisfiable);
}

TEST(http_range, anything_else_gets_the_whole) {
    for (const auto* range :
         {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-9,20-29", "lines=0-9",
          "bytes=1", "bytes=+1-5", "bytes=0x1-5", "bytes=1--5", "bytes=99999999999999999999-"})
        EXPECT_EQ(of(range), (content_range{kind::whole, 0, 100})) << range;
}

TEST(http_range, if_range_wants_exactly_this_version) {  // RFC 9110 §13.1.5
    EXPECT_EQ(of("bytes=0-9", "\"v1\"").what, kind::part);
    for (const auto* other : {"\"v2\"", "W/\"v1\"", "Tue, 24 Nov 2026 00:00:00 GMT", "v1"})
        EXPECT_EQ(of("bytes=0-9", other).what, kind::whole) << other;
    EXPECT_EQ(of("bytes=100-", "\"v2\"").what, kind::whole);
}

// Feeds in pieces as a connection does whose parser takes whole lines.
bool folded(std::string_view all, std::size_t piece) {
    fold_watch watch;
    std::string buffer;
    for (std::size_t at = 0; at < all.size(); at += piece) {
        buffer += all.substr(at, piece);
        if (watch.sees(buffer)) return true;
        const auto used = buffer.rfind('\n') == std::string::npos ? 0 : buffer.rfind('\n') + 1;
        watch.consumed(used);
        buffer.erase(0, used);
    }
    return false;
}

TEST(fold_watch, finds_a_folded_field_however_it_arrives) {  // RFC 9112 §5.2
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
        EXPECT_TRUE(folded("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", piece));
        EXPECT_TRUE(folded("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", piece));
        EXPECT_TRUE(folded("GET / HTTP/1.1\r\n X: a\r\n\r\n", piece));
        EXPECT_TRUE(folded("GET / HTTP/1.1\r\nX: a\n b\r\n\r\n", piece));
        EXPECT_FALSE(folded("GET / HTTP/1.1\r\nX:  a \t b\r\nY:\r\n\r\n", piece));
        EXPECT_FALSE(folded("POST / HTTP/1.1\r\nX: a\r\n\r\n body\r\n more", piece)) << "that is the body";
    }
}

TEST(gzip, is_undone_by_any_inflate) {
    for (const std::string& text :
         {std::string(), std::string("x"), std::string(100'000, 'y'), std::string("\0\xff binary \n", 11)}) {
        const auto small = gzip(text);
        std::string back(text.size() + 1, '\0');
        z_stream stream{};
        ASSERT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(small.data()));
        stream.avail_in = static_cast<uInt>(small.size());
        stream.next_out = reinterpret_cast<Bytef*>(back.data());
        stream.avail_out = static_cast<uInt>(back.size());
        EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
        back.resize(stream.total_out);
        inflateEnd(&stream);
        EXPECT_EQ(back, text);
    }
    EXPECT_LT(gzip(std::string(100'000, 'y')).size(), 1000u);
}

}  // namespace
}  // namespace chatterlink::net
