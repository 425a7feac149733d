#include "net/deflate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

namespace chatterlink::net {
namespace {

using namespace std::string_literals;

// A whole message, fed in pieces; nullopt when it is corrupt.
std::optional<std::string> inflate(inflater& in, std::string_view message, std::size_t piece = 0,
                                   bool keep_window = false, std::size_t room_size = 64) {
    in.next_message(keep_window);
    std::string out;
    const auto feed = [&](std::string_view bytes) {
        std::array<char, 1024> room;
        std::size_t made = 0;
        do {
            if (in.step(bytes, std::span(room).first(room_size), made) == inflater::outcome::corrupt)
                return false;
            out.append(room.data(), made);
        } while (!bytes.empty() || made == room_size);
        return true;
    };
    while (!message.empty()) {
        const auto part = message.substr(0, piece == 0 ? message.size() : piece);
        if (!feed(part)) return std::nullopt;
        message.remove_prefix(part.size());
    }
    if (!in.untouched() && !feed(inflater::tail)) return std::nullopt;
    if (!in.between_blocks()) return std::nullopt;
    return out;
}

std::string some_text(std::size_t size) {
    std::string text;
    for (unsigned i = 0; text.size() < size; ++i)
        text += "line " + std::to_string(i * 7919U % 1000U) + " of it\n";
    text.resize(size);
    return text;
}

TEST(deflate, gives_back_what_went_in) {
    inflater in;
    for (int bits = smallest_window_made; bits <= largest_window; ++bits) {
        deflater out(6, 8, bits);
        for (const std::size_t size : {0U, 1U, 100U, 1000U, 40'000U, 300'000U}) {
            std::string wire = "kept";
            out.deflate(some_text(size), wire);
            ASSERT_EQ(wire.substr(0, 4), "kept") << "it appends";
            ASSERT_EQ(inflate(in, wire.substr(4)), some_text(size)) << bits << ' ' << size;
            ASSERT_EQ(inflate(in, wire.substr(4), 1), some_text(size)) << "byte by byte";
        }
    }
}

TEST(deflate, does_not_refer_to_earlier_messages) {
    deflater out(6, 8, 15);
    std::string first;
    std::string second;
    out.deflate(some_text(5000), first);
    out.deflate(some_text(5000), second);
    EXPECT_EQ(first, second);
}

// The examples of RFC 7692 §7.2.3.
TEST(deflate, reads_the_examples_of_the_specification) {
    inflater in;
    EXPECT_EQ(inflate(in, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
    EXPECT_EQ(inflate(in, "\xf2\x00\x11\x00\x00"s, 0, true), "Hello") << "refers to the message before";
    EXPECT_EQ(inflate(in, "\xf2\x00\x11\x00\x00"s), std::nullopt) << "with nothing before";
    EXPECT_EQ(inflate(in, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s), "Hello")
        << "a block not compressed";
    EXPECT_EQ(inflate(in, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello") << "a final block";
    EXPECT_EQ(inflate(in, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), "Hello") << "two blocks";
    EXPECT_EQ(inflate(in, "\x00"s), "");
}

TEST(deflate, goes_on_behind_a_final_block) {
    inflater in;
    const auto final_hello = "\xf3\x48\xcd\xc9\xc9\x07\x00"s;
    EXPECT_EQ(inflate(in, final_hello + final_hello + "\x00"s), "HelloHello");
    EXPECT_EQ(inflate(in, final_hello), "Hello") << "nothing has to follow";
    EXPECT_EQ(inflate(in, final_hello + "\xf2\x00\x11\x00\x00"s), "HelloHello") << "refers back over it";
    EXPECT_EQ(inflate(in, final_hello + final_hello + "\x00"s, 1), "HelloHello");
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "\x03\x00"s;  // empty, final
    EXPECT_EQ(inflate(in, many), "");
}

TEST(deflate, takes_an_empty_message_for_an_empty_one) {
    inflater in;
    EXPECT_EQ(inflate(in, ""), "");
}

TEST(deflate, refuses_what_is_cut_short_or_no_deflate_at_all) {
    inflater in;
    for (const auto& bad : {"\xf2\x48\xcd"s, "\x07"s, "\xff\xff\xff"s, "\x00\x06\x00\xf9\xff\x48"s,
                            "\xf2\x48\xcd\xc9\xc9\x07"s}) {
        EXPECT_EQ(inflate(in, bad), std::nullopt) << testing::PrintToString(bad);
        EXPECT_EQ(inflate(in, bad, 1), std::nullopt);
        EXPECT_EQ(inflate(in, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello") << "the next message starts anew";
    }
}

TEST(deflate, makes_no_more_than_the_room_it_is_given) {
    deflater out(9, 9, 15);
    std::string bomb;
    out.deflate(std::string(10'000'000, '\0'), bomb);
    EXPECT_LT(bomb.size(), 20'000U);
    inflater in;
    std::array<char, 1000> room;
    std::string_view rest = bomb;
    std::size_t made = 0;
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(in.step(rest, room, made), inflater::outcome::more);
        ASSERT_EQ(made, room.size());
    }
    EXPECT_FALSE(rest.empty());
}

}  // namespace
}  // namespace chatterlink::net
