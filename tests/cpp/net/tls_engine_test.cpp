// The TLS engine against itself, byte by byte and without a socket, and the files a server takes.
#include "net/tls_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "net/support/certificates.hpp"
#include "net/tls_context.hpp"

namespace chatterlink::net {
namespace {

using test::certificates;

// Carries what one side has to say to the other, `piece` bytes at a time.
void carry(tls_engine& from, tls_engine& to, std::size_t piece = 100'000) {
    while (!from.output().empty()) {
        const std::string bytes(from.output().substr(0, piece));
        from.sent(bytes.size());
        to.feed(bytes);
        if (piece != 100'000) to.peek();  // makes it look at every piece
    }
}

std::string read_all(tls_engine& e) {
    std::string all;
    std::array<char, 1000> room;
    for (;;) {
        const auto got = e.read(room);
        if (got.step != tls_step::done) return all;
        all.append(room.data(), got.bytes);
    }
}

class tls : public testing::Test {
  protected:
    void shake_hands(std::size_t piece = 100'000) {
        for (int i = 0; i < 10; ++i) {
            const auto c = client.handshake();
            carry(client, server, piece);
            const auto s = server.handshake();
            carry(server, client, piece);
            if (c == tls_step::done && s == tls_step::done) return;
            ASSERT_NE(c, tls_step::failed) << client.reason();
            ASSERT_NE(s, tls_step::failed) << server.reason();
        }
        FAIL() << "no end of the handshake";
    }

    certificates folder;
    tls_files files = folder.make("one", "one");
    std::shared_ptr<tls_context> context = tls_context::open(files, true).value();
    std::shared_ptr<ssl_ctx_st> trust = open_tls_trust(files.certificate).value();
    tls_engine server{context->current()};
    tls_engine client{trust, std::string("localhost")};
};

TEST_F(tls, carries_text_both_ways_in_order) {
    shake_hands();
    const std::string long_text(100'000, 'x');
    EXPECT_EQ(client.write("hello "), tls_step::done);
    EXPECT_EQ(client.write("server"), tls_step::done);
    EXPECT_EQ(server.write(long_text), tls_step::done);
    carry(client, server);
    carry(server, client);
    EXPECT_EQ(read_all(server), "hello server");
    EXPECT_EQ(read_all(client), long_text);
    EXPECT_FALSE(server.has_input());
    EXPECT_TRUE(server.output().empty());
}

TEST_F(tls, takes_everything_byte_by_byte) {
    shake_hands(1);
    client.write("hello");
    carry(client, server, 1);
    EXPECT_EQ(read_all(server), "hello");
}

TEST_F(tls, a_look_takes_nothing) {
    shake_hands();
    EXPECT_EQ(server.peek(), tls_step::want_more);
    client.write("hello");
    carry(client, server);
    EXPECT_TRUE(server.has_input());
    EXPECT_EQ(server.peek(), tls_step::done);
    EXPECT_EQ(read_all(server), "hello");
}

TEST_F(tls, what_does_not_fit_into_the_room_is_there_for_the_next_read) {
    shake_hands();
    client.write("hello");
    carry(client, server);
    std::array<char, 2> room;
    EXPECT_EQ(server.read(room).bytes, 2u);
    EXPECT_TRUE(server.has_input());
    EXPECT_EQ(read_all(server), "llo");
}

TEST_F(tls, the_goodbye_of_one_side_leaves_the_other_free_to_write) {  // RFC 8446 §6.1
    shake_hands();
    client.write("last words");
    client.shut_down();
    client.shut_down();
    carry(client, server);
    EXPECT_EQ(read_all(server), "last words");
    EXPECT_EQ(server.peek(), tls_step::closed);
    EXPECT_EQ(server.write("answer"), tls_step::done);
    carry(server, client);
    EXPECT_EQ(read_all(client), "answer");
}

TEST_F(tls, damaged_bytes_end_it_with_an_alert) {
    shake_hands();
    client.write("hello");
    std::string bytes(client.output());
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    server.feed(bytes);
    EXPECT_EQ(read_all(server), "");
    EXPECT_EQ(server.peek(), tls_step::failed);
    EXPECT_FALSE(server.reason().empty());
    EXPECT_FALSE(server.output().empty());
    EXPECT_EQ(server.write("more"), tls_step::failed);
}

TEST_F(tls, what_is_no_tls_fails) {
    server.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(server.handshake(), tls_step::failed);
    EXPECT_FALSE(server.reason().empty());
}

TEST_F(tls, a_client_believes_only_the_host_the_certificate_is_for_and_who_signed_it) {
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        tls_engine right(trust, host);
        tls_engine s(context->current());
        right.handshake();
        carry(right, s);
        s.handshake();
        carry(s, right);
        EXPECT_EQ(right.handshake(), tls_step::done) << host << ": " << right.reason();
    }
    const auto other = open_tls_trust(folder.make("two", "two").certificate).value();
    for (const auto& [who, host] :
         {std::pair<std::shared_ptr<ssl_ctx_st>, std::string>{trust, "chat.example"},
          {trust, "127.0.0.2"},
          {other, "localhost"}}) {
        tls_engine wrong(who, host);
        tls_engine s(context->current());
        wrong.handshake();
        carry(wrong, s);
        s.handshake();
        carry(s, wrong);
        EXPECT_EQ(wrong.handshake(), tls_step::failed) << host;
        EXPECT_FALSE(wrong.reason().empty());
    }
}

TEST_F(tls, a_peer_that_makes_it_answer_without_reading_the_answers_fails) {
    shake_hands();
    const std::string piece(tls_engine::max_output / 4, 'x');
    for (int i = 0; i < 3; ++i) EXPECT_EQ(server.write(piece), tls_step::done);
    EXPECT_EQ(server.write(piece), tls_step::failed);
    EXPECT_LE(server.output().size(), tls_engine::max_output);
}

TEST_F(tls, refused_files_are_named_with_their_fault) {
    using base::errc;
    const auto two = folder.make("two", "two");
    std::ofstream(folder.file("junk")) << "no certificate";
    std::filesystem::create_directory(folder.file("folder"));
    const auto expect = [](const tls_files& f, errc code, const std::string& says) {
        const auto opened = tls_context::open(f, true);
        ASSERT_FALSE(opened) << says;
        EXPECT_EQ(opened.error().code, code) << opened.error().message;
        EXPECT_NE(opened.error().message.find(says), std::string::npos) << opened.error().message;
        EXPECT_EQ(opened.error().message.find('\n'), std::string::npos);
    };
    expect({folder.file("missing"), files.key}, errc::io_failed, "cannot read the certificate");
    expect({files.certificate, folder.file("missing")}, errc::io_failed, "cannot read the key");
    expect({folder.file("folder"), files.key}, errc::io_failed, "cannot read the certificate");
    expect({folder.file("junk"), files.key}, errc::config_invalid, "holds no certificate");
    expect({files.certificate, folder.file("junk")}, errc::config_invalid, "holds no private key");
    expect({files.certificate, two.key}, errc::config_invalid, "does not belong to the certificate");
    expect({files.certificate, folder.file("one.locked")}, errc::config_invalid, "pass phrase");
    EXPECT_FALSE(open_tls_trust(folder.file("missing")));
    EXPECT_FALSE(open_tls_trust(folder.file("junk")));
}

TEST_F(tls, a_reload_is_for_new_connections_and_a_broken_one_changes_nothing) {
    shake_hands();
    const auto before = context->current();
    std::ofstream(files.key) << "broken";
    EXPECT_FALSE(context->reload());
    EXPECT_EQ(context->current(), before);
    folder.make("one", "another");
    EXPECT_TRUE(context->reload());
    EXPECT_NE(context->current(), before);
    client.write("still here");
    carry(client, server);
    EXPECT_EQ(read_all(server), "still here");
}

}  // namespace
}  // namespace chatterlink::net
