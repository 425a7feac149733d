// Parts of answers, answers compressed on the spot, and what a trailer may not do.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <fstream>

#include "net/static_files.hpp"
#include "net/support/loopback.hpp"
#include "net/support/recording_handler.hpp"

namespace chatterlink::net {
namespace {

using test::function_handler;
using test::http_loopback;

TEST(http_transfer, static_files_are_sent_in_parts) {
    const std::vector<static_file> page = {{"/index.html", "text/html", "0123456789", "zipped", "\"tag\""}};
    static_files files(page, {});
    http_loopback server(files);
    auto client = server.connect();

    const auto part = client.get("/", "Range: bytes=2-4\r\nAccept-Encoding: gzip\r\n");
    EXPECT_EQ(part.status, 206u);
    EXPECT_EQ(part.body, "234");
    EXPECT_EQ(part.field("content-range"), "bytes 2-4/10");
    EXPECT_EQ(part.field("content-encoding"), "");
    EXPECT_EQ(part.field("etag"), "\"tag\"");

    const auto beyond = client.get("/", "Range: bytes=10-\r\n");
    EXPECT_EQ(beyond.status, 416u);
    EXPECT_EQ(beyond.field("content-range"), "bytes */10");
    EXPECT_EQ(beyond.body, "");

    EXPECT_EQ(client.get("/", "Range: bytes=2-4\r\nIf-Range: \"tag\"\r\n").body, "234");
    EXPECT_EQ(client.get("/", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n").body, "0123456789");
    EXPECT_EQ(client.get("/", "Range: bytes=2-4\r\nIf-None-Match: \"tag\"\r\n").status, 304u);
    const auto head = client.ask("HEAD / HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\n\r\n");
    EXPECT_EQ(head.status, 200u) << "ranges are for GET";
    EXPECT_EQ(head.field("accept-ranges"), "bytes");
    EXPECT_EQ(client.get("/").body, "0123456789");
}

TEST(http_transfer, a_file_is_sent_from_its_middle) {
    char path[] = "/tmp/chatterlink-part-XXXXXX";
    ::close(::mkstemp(path));
    std::ofstream(path) << "0123456789";
    function_handler handler([&](const exchange_ptr& e) {
        e->respond_file({}, {::open(path, O_RDONLY | O_CLOEXEC), 3, 5});
    });
    http_loopback server(handler);
    auto client = server.connect();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/").body, "567");
    ::unlink(path);
}

std::string inflated(const std::string& bytes) {
    std::string out(100'000, '\0');
    z_stream stream{};
    inflateInit2(&stream, MAX_WBITS + 16);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TEST(http_transfer, answers_are_compressed_from_the_threshold_on_for_clients_that_take_it) {
    function_handler handler([&](const exchange_ptr& e) {
        auto r = response::text(200, std::string(std::stoul(std::string(e->query())), 'x'));
        if (e->path() == "/zip") r.compress_from = compress_threshold;
        e->respond(std::move(r));
    });
    http_loopback server(handler);
    auto client = server.connect();
    const auto zipped = client.get("/zip?1024", "Accept-Encoding: br, gzip\r\n");
    EXPECT_EQ(zipped.field("content-encoding"), "gzip");
    EXPECT_EQ(zipped.field("vary"), "Accept-Encoding");
    EXPECT_EQ(zipped.field("content-length"), std::to_string(zipped.body.size()));
    EXPECT_LT(zipped.body.size(), 100u);
    EXPECT_EQ(inflated(zipped.body), std::string(1024, 'x'));

    const auto small = client.get("/zip?1023", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(small.field("content-encoding"), "");
    EXPECT_EQ(small.body.size(), 1023u);
    const auto refused = client.get("/zip?5000", "Accept-Encoding: gzip;q=0\r\n");
    EXPECT_EQ(refused.field("content-encoding"), "");
    EXPECT_EQ(refused.field("vary"), "Accept-Encoding") << "a cache must not give one client the other's";
    EXPECT_EQ(refused.body.size(), 5000u);
    EXPECT_EQ(client.get("/plain?5000", "Accept-Encoding: gzip\r\n").field("content-encoding"), "");
}

TEST(http_transfer, a_trailer_passes_for_no_field_of_the_header) {  // RFC 9110 §6.5.1
    function_handler handler([&](const exchange_ptr& e) {
        e->respond(response::text(200, std::string(e->header("Cookie")) + "|" +
                                           std::string(e->header("X-Late")) + "|" + std::string(e->body()) +
                                           "|" + std::to_string(e->info()->fields.size())));
    });
    http_loopback server(handler);
    auto client = server.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nCookie: "
        "a=b\r\nX-Late: "
        "yes\r\nHost: evil\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, "||abc|2");
    EXPECT_EQ(client.get("/", "Cookie: mine\r\n").body, "mine|||2");
}

}  // namespace
}  // namespace chatterlink::net
