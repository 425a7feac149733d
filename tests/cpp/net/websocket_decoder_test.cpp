#include "net/websocket_decoder.hpp"

#include <gtest/gtest.h>

#include <random>

#include "net/support/raw_client.hpp"
#include "net/support/websocket_rules.hpp"
#include "support/scale.hpp"

namespace chatterlink::net {
namespace {

using namespace std::string_literals;
using test::decoded;
using event = websocket_decoder::event;

constexpr unsigned rsv1 = 0x40;

// A masked frame with a first byte of any kind.
std::string frame(unsigned opcode, std::string_view payload, bool final = true, unsigned reserved = 0) {
    auto f = test::raw_client::client_frame(opcode, payload, final);
    f[0] = static_cast<char>(f[0] | static_cast<char>(reserved));
    return f;
}

decoded::entry message(std::string payload, bool binary = false) {
    return {event::message, std::move(payload), binary, 0};
}

std::string deflated(std::string_view text, int level = 6) {
    deflater out(level, 8, largest_window);
    std::string wire;
    out.deflate(text, wire);
    return wire;
}

// Whole and cut into pieces; both must say the same.
std::vector<decoded::entry> decode(std::string_view bytes, const websocket_decoder::rules& rules = {}) {
    const decoded whole(rules, bytes);
    if (bytes.size() < 100'000) {
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
            EXPECT_EQ(decoded(rules, bytes, piece).entries == whole.entries, true)
                << "in pieces of " << piece;
        }
    }
    return whole.entries;
}

// The code with which the last event failed; 0 when it did not.
unsigned failure(std::string_view bytes, const websocket_decoder::rules& rules = {}) {
    const auto all = decode(bytes, rules);
    return all.empty() || all.back().what != event::failed ? 0 : all.back().code;
}

// Fails for the last byte, not before: it is found at once.
void fails_at_the_last_byte(std::string_view bytes, unsigned code,
                            const websocket_decoder::rules& rules = {}) {
    EXPECT_EQ(failure(bytes.substr(0, bytes.size() - 1), rules), 0U) << testing::PrintToString(bytes);
    EXPECT_EQ(failure(bytes, rules), code) << testing::PrintToString(bytes);
}

TEST(websocket_decoder, reads_messages_of_every_size) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 1'000'000U}) {
        const std::string payload(size, 'x');
        const auto all = decode(frame(1, payload) + frame(2, payload));
        ASSERT_EQ(all.size(), 2U);
        EXPECT_TRUE(all[0] == message(payload)) << size;
        EXPECT_TRUE(all[1] == message(payload, true)) << size;
    }
}

TEST(websocket_decoder, joins_fragments_and_lets_control_frames_in_between) {
    const auto all = decode(frame(1, "he", false) + frame(9, "ping") + frame(0, "", false) +
                            frame(10, "pong") + frame(0, "llo") + frame(2, "next"));
    const std::vector<decoded::entry> wanted{{event::ping, "ping", false, 0},
                                             {event::pong, "pong", false, 0},
                                             message("hello"),
                                             message("next", true)};
    EXPECT_EQ(all == wanted, true);
}

TEST(websocket_decoder, refuses_reserved_bits_and_opcodes_by_their_first_byte) {
    for (unsigned bits : {0x10U, 0x20U, 0x30U, 0x40U, 0x50U, 0x60U, 0x70U}) {
        for (unsigned opcode : {1U, 2U, 8U, 9U, 10U})
            fails_at_the_last_byte(frame(opcode, "", true, bits).substr(0, 1), 1002);
    }
    for (unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
        fails_at_the_last_byte(frame(opcode, "").substr(0, 1), 1002);
}

TEST(websocket_decoder, refuses_what_is_not_masked) {
    fails_at_the_last_byte("\x81\x01", 1002);
    fails_at_the_last_byte("\x88\x00"s, 1002);
}

TEST(websocket_decoder, refuses_control_frames_in_parts_or_too_long) {
    for (const char first : {'\x08', '\x09', '\x0a'}) fails_at_the_last_byte(std::string(1, first), 1002);
    for (const char first : {'\x88', '\x89', '\x8a'}) {
        fails_at_the_last_byte(std::string{first, '\xfe'}, 1002);
        fails_at_the_last_byte(std::string{first, '\xff'}, 1002);
    }
    EXPECT_EQ(decode(frame(9, std::string(125, 'x'))).size(), 1U);
}

TEST(websocket_decoder, refuses_a_continuation_of_nothing_and_a_message_in_a_message) {
    fails_at_the_last_byte("\x80", 1002);
    fails_at_the_last_byte(frame(1, "x") + "\x80", 1002);
    fails_at_the_last_byte(frame(1, "x", false) + "\x81", 1002);
    fails_at_the_last_byte(frame(1, "x", false) + frame(9, "") + "\x02", 1002);
}

TEST(websocket_decoder, refuses_lengths_that_no_message_has_and_allocates_nothing_for_them) {
    const auto announce = [](std::string_view length) { return "\x82\xff"s.append(length).append("mask"); };
    const std::pair<std::string, unsigned> cases[] = {
        {announce("\x80\0\0\0\0\0\0\0"s), 1002},  // 2^63
        {announce("\xff\xff\xff\xff\xff\xff\xff\xff"), 1002},
        {announce("\x7f\xff\xff\xff\xff\xff\xff\xff"), 1009},  // 2^63-1
        {announce("\0\0\0\0\0\x0f\x42\x41"s), 1009},           // a million and one
        {announce("\0\0\0\0\0\0\xff\xff"s), 1002},             // fits into two bytes
        {"\x82\xfe\0\x7dmask"s, 1002},                         // fits into seven bits
    };
    for (const auto& [bytes, code] : cases) {
        fails_at_the_last_byte(bytes, code);
        EXPECT_LT(decoded({}, bytes).held, 200U);
    }
    const auto announced = announce("\0\0\0\0\0\x0f\x42\x40"s);
    EXPECT_EQ(failure(announced), 0U) << "a million is allowed";
    EXPECT_LT(decoded({}, announced).held, 200U) << "and costs when it arrives";
}

TEST(websocket_decoder, counts_the_size_over_all_fragments) {
    const websocket_decoder::rules rules{.max_message = 10};
    EXPECT_EQ(failure(frame(1, "12345", false) + frame(0, "12345"), rules), 0U);
    fails_at_the_last_byte(frame(1, "12345", false) + frame(9, "ping") + frame(0, "123456").substr(0, 6),
                           1009, rules);
    EXPECT_EQ(decode(frame(1, "1234567890") + frame(1, "1234567890"), rules).size(), 2U);
}

TEST(websocket_decoder, takes_1024_fragments_and_no_more) {
    std::string bytes = frame(1, "", false);
    for (int i = 1; i < 1023; ++i) bytes += frame(0, i % 2 == 0 ? "" : "x", false);
    EXPECT_EQ(decode(bytes + frame(0, "x")).size(), 1U);
    EXPECT_EQ(failure(bytes + frame(0, "x", false)), 0U);
    fails_at_the_last_byte(bytes + frame(0, "x", false) + frame(0, "").substr(0, 6), 1008);
}

TEST(websocket_decoder, checks_utf8_over_all_fragments_and_as_early_as_it_can) {
    EXPECT_EQ(decode(frame(1, "\xce", false) + frame(0, "\xba"))[0] == message("κ"), true);
    fails_at_the_last_byte(frame(1, "ok \xe2\x82", false) + frame(0, "\xac \x80").substr(0, 6 + 3), 1007);
    fails_at_the_last_byte(frame(1, "\xf4\x90\x80\x80").substr(0, 6 + 2), 1007);
    fails_at_the_last_byte(frame(1, "\xe2\x82"), 1007);  // ends in the middle of a character
    fails_at_the_last_byte(frame(1, "\xe2", false) + frame(0, "\x82"), 1007);
    EXPECT_EQ(decode(frame(2, "\xff\xfe")).size(), 1U) << "binary may be anything";
    EXPECT_EQ(decode(frame(2, "\xff", false) + frame(0, "\xfe")).size(), 1U);
    EXPECT_EQ(failure(frame(1, "\xe2", false) + frame(9, "\xff") + frame(0, "\x82\xac")), 0U) << "a ping too";
}

TEST(websocket_decoder, reads_close_frames) {
    const auto close = [](std::string_view payload) {
        return decode(frame(8, payload) + frame(1, "ignored"));
    };
    EXPECT_EQ(close("") == std::vector<decoded::entry>({{event::close, "", false, 1005}}), true);
    for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U,
                                1014U, 3000U, 3999U, 4000U, 4999U}) {
        const std::string bytes{static_cast<char>(code >> 8U), static_cast<char>(code)};
        EXPECT_EQ(close(bytes + "why") == std::vector<decoded::entry>({{event::close, "why", false, code}}),
                  true);
    }
    for (const unsigned code :
         {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
        const std::string bytes{static_cast<char>(code >> 8U), static_cast<char>(code)};
        EXPECT_EQ(failure(frame(8, bytes)), 1002U) << code;
    }
    EXPECT_EQ(failure(frame(8, "\x03")), 1002U);
    EXPECT_EQ(failure(frame(8, "\x03\xe8\xff")), 1007U);
    EXPECT_EQ(failure(frame(8, "\x03\xe8\xe2\x82")), 1007U) << "the reason ends in the middle of a character";
    EXPECT_EQ(close("\x03\xe8" + std::string(123, 'x')).size(), 1U);
}

TEST(websocket_decoder, keeps_no_buffer_between_messages) {
    websocket_decoder decoder({});
    const auto bytes = frame(2, std::string(500'000, 'x'));
    std::string_view rest = bytes;
    ASSERT_EQ(decoder.next(rest), event::message);
    EXPECT_EQ(decoder.payload().size(), 500'000U);
    ASSERT_EQ(decoder.next(rest), event::need_more);
    EXPECT_LE(decoder.held(), websocket_decoder::kept_buffer);
    EXPECT_LE(sizeof decoder, 256U);
}

// ---- permessage-deflate ----

const websocket_decoder::rules with_deflate{.deflate = true};

TEST(websocket_decoder, is_idle_between_messages_only) {
    websocket_decoder decoder({});
    EXPECT_TRUE(decoder.idle());
    const auto one = frame(1, "hello", false);
    for (std::size_t i = 0; i < one.size(); ++i) {
        std::string_view byte = std::string_view(one).substr(i, 1);
        EXPECT_EQ(decoder.next(byte), event::need_more);
        EXPECT_FALSE(decoder.idle()) << "after byte " << i;
    }
    const auto rest = frame(9, "ping") + frame(0, " world");
    std::string_view bytes = rest;
    EXPECT_EQ(decoder.next(bytes), event::ping);
    EXPECT_FALSE(decoder.idle());
    EXPECT_EQ(decoder.next(bytes), event::message);
    EXPECT_EQ(decoder.payload(), "hello world");
    EXPECT_FALSE(decoder.idle()) << "the payload is still looked at";
    EXPECT_EQ(decoder.next(bytes), event::need_more);
    EXPECT_TRUE(decoder.idle());

    const auto broken = frame(3, "");
    bytes = broken;
    EXPECT_EQ(decoder.next(bytes), event::failed);
    EXPECT_FALSE(decoder.idle()) << "nothing is read after it";
}

TEST(websocket_decoder, goes_on_with_another_connection_by_its_rules) {
    websocket_decoder decoder({.max_message = 100, .max_fragments = 3, .deflate = true});
    const auto first = frame(1, "first") + frame(9, "x") + frame(1, deflated("packed"), true, rsv1);
    std::string_view bytes = first;
    EXPECT_EQ(decoder.next(bytes), event::message);
    EXPECT_EQ(decoder.next(bytes), event::ping);
    EXPECT_EQ(decoder.next(bytes), event::message);
    EXPECT_EQ(decoder.next(bytes), event::need_more);
    ASSERT_TRUE(decoder.idle());

    decoder.adopt({.max_message = 5, .max_fragments = 1024, .deflate = false});
    const auto second = frame(2, "12345") + frame(1, "123456");
    bytes = second;
    EXPECT_EQ(decoder.next(bytes), event::message);
    EXPECT_EQ(decoder.payload(), "12345");
    EXPECT_TRUE(decoder.binary());
    EXPECT_EQ(decoder.next(bytes), event::failed);
    EXPECT_EQ(decoder.code(), close_code::too_big);
}

TEST(websocket_decoder_deflate, is_not_idle_while_it_keeps_a_client_s_window) {
    for (const bool takeover : {false, true}) {
        websocket_decoder decoder({.deflate = true, .client_takeover = takeover});
        const auto one = frame(1, deflated("packed"), true, rsv1);
        std::string_view bytes = one;
        EXPECT_EQ(decoder.next(bytes), event::message);
        EXPECT_EQ(decoder.next(bytes), event::need_more);
        EXPECT_EQ(decoder.idle(), !takeover);
    }
}

TEST(websocket_decoder_deflate, inflates_messages_whole_and_in_fragments) {
    const std::string text = "compress me, " + std::string(5000, 'e') + " please κόσμε";
    const auto wire = deflated(text);
    EXPECT_EQ(decode(frame(1, wire, true, rsv1), with_deflate)[0] == message(text), true);
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        const auto bytes =
            frame(1, wire.substr(0, cut), false, rsv1) + frame(9, "between") + frame(0, wire.substr(cut));
        const decoded all(with_deflate, bytes);
        ASSERT_EQ(all.entries.size(), 2U) << cut;
        ASSERT_EQ(all.entries[1] == message(text), true) << cut;
    }
}

TEST(websocket_decoder_deflate, lets_plain_messages_through) {
    const auto all = decode(frame(1, "plain") + frame(1, deflated("packed"), true, rsv1) + frame(2, "plain"),
                            with_deflate);
    EXPECT_EQ(
        all == std::vector<decoded::entry>({message("plain"), message("packed"), message("plain", true)}),
        true);
}

TEST(websocket_decoder_deflate, takes_an_empty_message_in_both_forms) {
    EXPECT_EQ(decode(frame(1, "\0"s, true, rsv1), with_deflate) == std::vector<decoded::entry>({message("")}),
              true);
    EXPECT_EQ(
        decode(frame(2, "", true, rsv1), with_deflate) == std::vector<decoded::entry>({message("", true)}),
        true);
    EXPECT_EQ(decode(frame(1, "", false, rsv1) + frame(0, ""), with_deflate).size(), 1U);
}

TEST(websocket_decoder_deflate, allows_the_reserved_bit_on_the_first_frame_of_a_message_only) {
    fails_at_the_last_byte("\xc1", 1002);  // not agreed on
    fails_at_the_last_byte(frame(1, deflated("x"), false, rsv1) + "\xc0", 1002, with_deflate);
    fails_at_the_last_byte(frame(1, "x", false) + "\xc0", 1002, with_deflate);
    for (const char control : {'\xc8', '\xc9', '\xca'})
        fails_at_the_last_byte(std::string(1, control), 1002, with_deflate);
    fails_at_the_last_byte("\xe1", 1002, with_deflate);
    fails_at_the_last_byte("\x91", 1002, with_deflate);
}

TEST(websocket_decoder_deflate, stops_inflating_at_the_largest_message) {
    const auto bomb = deflated(std::string(100'000'000, '\0'), 9);
    ASSERT_LT(bomb.size(), 110'000U);
    const decoded all(with_deflate, frame(2, bomb, true, rsv1));
    ASSERT_EQ(all.entries.size(), 1U);
    EXPECT_EQ(all.entries[0].code, 1009U);
    EXPECT_LE(all.held, 2'100'000U);
    EXPECT_EQ(
        decode(frame(2, deflated(std::string(1'000'000, 'x')), true, rsv1), with_deflate)[0].payload.size(),
        1'000'000U);
    EXPECT_EQ(failure(frame(2, deflated(std::string(1'000'001, 'x')), true, rsv1), with_deflate), 1009U);
}

TEST(websocket_decoder_deflate, bounds_what_a_message_may_take_to_say_nothing) {
    // Empty blocks: no output, so only their own size counts.
    const websocket_decoder::rules rules{.max_message = 1000, .deflate = true};
    std::string nothing;
    for (int i = 0; i < 10'000; ++i) nothing += "\x00\x00\x00\xff\xff"s;
    EXPECT_EQ(failure(frame(2, nothing, false, rsv1), rules), 0U);
    EXPECT_EQ(failure(frame(2, nothing, false, rsv1) + frame(0, nothing, false), rules), 1009U);
}

TEST(websocket_decoder_deflate, takes_random_bytes_that_grow_by_it) {
    std::mt19937 random(1);
    std::string noise(1'000'000, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    const auto wire = deflated(noise, 1);
    ASSERT_GT(wire.size(), noise.size());
    EXPECT_EQ(decoded(with_deflate, frame(2, wire, true, rsv1)).entries[0] == message(noise, true), true);
}

TEST(websocket_decoder_deflate, checks_utf8_of_what_comes_out) {
    EXPECT_EQ(failure(frame(1, deflated("\xff"), true, rsv1), with_deflate), 1007U);
    EXPECT_EQ(failure(frame(1, deflated("\xe2\x82"), true, rsv1), with_deflate), 1007U);
    EXPECT_EQ(failure(frame(2, deflated("\xff"), true, rsv1), with_deflate), 0U);
}

TEST(websocket_decoder_deflate, refuses_what_is_no_deflate) {
    EXPECT_EQ(failure(frame(1, "\x07", true, rsv1), with_deflate), 1007U);
    EXPECT_EQ(failure(frame(1, "\xf2\x48\xcd", true, rsv1), with_deflate), 1007U);
    EXPECT_EQ(failure(frame(2, "\x00\x05\x00\xfa\xffH"s, true, rsv1), with_deflate), 1007U)
        << "a block that the four bytes put behind it would fill";
}

TEST(websocket_decoder_deflate, keeps_the_window_only_when_that_was_agreed_on) {
    const auto hello = frame(1, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, true, rsv1);
    const auto again = frame(1, "\xf2\x00\x11\x00\x00"s, true, rsv1);  // refers to the message before
    EXPECT_EQ(failure(hello + again, with_deflate), 1007U);
    const websocket_decoder::rules takeover{.deflate = true, .client_takeover = true};
    EXPECT_EQ(decode(hello + again + frame(1, "plain") + again, takeover) ==
                  std::vector<decoded::entry>(
                      {message("Hello"), message("Hello"), message("plain"), message("Hello")}),
              true);
}

TEST(websocket_decoder_deflate, never_lets_a_client_refer_to_what_another_has_sent) {
    const auto hello = frame(1, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, true, rsv1);
    const auto again = frame(1, "\xf2\x00\x11\x00\x00"s, true, rsv1);
    const websocket_decoder::rules takeover{.deflate = true, .client_takeover = true};
    ASSERT_EQ(decoded(with_deflate, hello).entries.size(), 1U);  // leaves its inflater to the thread
    EXPECT_EQ(failure(again, takeover), 1007U);
    EXPECT_EQ(failure(again, with_deflate), 1007U);
}

// ---- Anything at all ----

TEST(websocket_decoder, holds_its_rules_for_mutated_frames) {
    const std::string seeds[] = {
        frame(1, "hello") + frame(9, "ping") + frame(1, "κόσμε", false) + frame(0, "more") +
            frame(8, "\x03\xe8 bye"),
        frame(1, deflated(std::string(300, 'a')), true, rsv1) + frame(2, deflated("b"), false, rsv1) +
            frame(0, ""),
        frame(2, std::string(130, 'x')) + frame(2, "y", false) + frame(0, "", false) + frame(0, "z"),
    };
    std::mt19937 random(20'261'124);
    for (std::size_t i = 0, rounds = test::scaled(30'000); i < rounds; ++i) {
        std::string input{static_cast<char>(random() % 16), static_cast<char>(random())};
        input += seeds[i % std::size(seeds)];
        for (auto n = random() % 4; n > 0; --n)
            input[random() % input.size()] ^= static_cast<char>(1U << (random() % 8));
        if (random() % 4 == 0) input.resize(random() % input.size());
        ASSERT_EQ(test::broken_websocket_rule(input), "") << testing::PrintToString(input);
    }
}

}  // namespace
}  // namespace chatterlink::net
