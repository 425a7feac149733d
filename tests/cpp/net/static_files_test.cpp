// The pure helpers of static_files; what it answers over a socket is in http_server_test.cpp.
#include "net/static_files.hpp"

#include <gtest/gtest.h>

namespace chatterlink::net {
namespace {

TEST(static_files, an_etag_matches_itself_anywhere_in_the_list) {
    EXPECT_TRUE(etag_matches("\"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches("\"x\", \"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches("\"x\"\t,\t\"a\" , \"y\"", "\"a\""));
    EXPECT_TRUE(etag_matches("*", "\"a\""));
}

TEST(static_files, etags_are_compared_weakly) {  // RFC 9110 §13.1.2
    EXPECT_TRUE(etag_matches("W/\"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches("\"x\", W/\"a\"", "\"a\""));
}

TEST(static_files, other_etags_do_not_match) {
    for (const auto* value : {"", "\"b\"", "a", "\"a", "\"A\"", ",,,", "\"aa\"", "\"a\"-gzip"})
        EXPECT_FALSE(etag_matches(value, "\"a\"")) << value;
}

TEST(static_files, gzip_is_taken_when_it_is_listed) {
    for (const auto* value : {"gzip", "gzip, deflate, br", "deflate,gzip", "br;q=1.0, gzip;q=0.5",
                              "gzip;q=0.001", "*", "identity, *;q=0.1", "gzip; q=1", "GZIP"}) {
        EXPECT_TRUE(accepts_gzip(value)) << value;
    }
}

TEST(static_files, gzip_is_not_taken_when_it_is_absent_or_refused) {
    for (const auto* value : {"", "identity", "br", "deflate, br", "gzip;q=0", "gzip; q=0.000", "*;q=0",
                              "gzip;q=0, *", "*, gzip;q=0", "xgzip", "gzipx"}) {
        EXPECT_FALSE(accepts_gzip(value)) << value;
    }
}

// Beast's iequals looks one byte further when letters differ in case (fixed in 1.88): with AddressSanitizer
// this test fails if that one comes back.
TEST(static_files, comparing_codings_looks_at_no_byte_beyond_them) {
    for (const std::string_view coding : {"GZIP", "gZiP", "gzi", "X"}) {
        const std::vector<char> exact(coding.begin(), coding.end());
        EXPECT_EQ(accepts_gzip({exact.data(), exact.size()}), exact.size() == 4);
    }
}

}  // namespace
}  // namespace chatterlink::net
