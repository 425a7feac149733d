#include "chat/line_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support/vectors.hpp"

namespace {

using namespace chatterlink;
using chat::line_command;
using chat::line_decoder;
using chat::max_line_bytes;
using kind = chat::line_item::kind;
using base::milliseconds;
using base::steady_time;
using nlohmann::json;

json line_vectors() {
    return json::parse(test::vector_file("line_protocol.json"));
}

std::string name_of(kind what) {
    switch (what) {
        case kind::line:
            return "line";
        case kind::invalid_utf8:
            return "invalid_utf8";
        case kind::nul:
            return "nul";
        case kind::too_long:
            return "too_long";
    }
    return "?";
}

/// An item that owns its text, with the time it came out.
struct got {
    long at = 0;
    std::string what;
    std::string text;
    bool operator==(const got&) const = default;
};

std::ostream& operator<<(std::ostream& out, const got& g) {
    return out << "at " << g.at << " " << g.what << " " << g.text.size()
               << " bytes: " << g.text.substr(0, 60);
}

/// Drives a decoder as a gateway does: every deadline is kept, time is counted in ms.
class driver {
  public:
    void feed(long at, std::string_view bytes) {
        run_until(at);
        take(decoder.feed(bytes, time(at)), at);
    }
    void end(long at) {
        run_until(at);
        take(decoder.finish(), at);
    }
    void run_until(long at) {
        while (decoder.deadline() && *decoder.deadline() <= time(at)) {
            const steady_time due = *decoder.deadline();
            take(decoder.expire(due), std::chrono::duration_cast<milliseconds>(due - time(0)).count());
        }
    }

    line_decoder decoder;
    std::vector<got> items;
    std::size_t most_waiting = 0;

  private:
    static steady_time time(long at) { return steady_time{} + milliseconds(at); }
    void take(std::span<const chat::line_item> found, long at) {
        for (const auto& item : found) items.push_back({at, name_of(item.what), std::string(item.text)});
        most_waiting = std::max(most_waiting, decoder.waiting());
    }
};

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

std::string bytes_of(const json& j, const char* text, const char* hex) {
    return repeated(j.contains(hex) ? from_hex(j[hex]) : j[text].get<std::string>(), j.value("times", 1U));
}

std::vector<got> expected_items(const json& one_case) {
    std::vector<got> items;
    for (const json& item : one_case["items"]) {
        if (item.contains("refused")) {
            items.push_back({item["at"], item["refused"], ""});
        } else {
            items.push_back({item["at"], "line", bytes_of(item, "line", "line_hex")});
        }
    }
    return items;
}

constexpr long for_ever = 1'000'000;

TEST(LineDecoder, MakesOfEveryVectorWhatTheVectorSaysAtThatTime) {
    const json all = line_vectors();
    ASSERT_GT(all["cases"].size(), 30U);
    for (const json& one : all["cases"]) {
        SCOPED_TRACE(one["name"].get<std::string>());
        driver d;
        for (const json& chunk : one["chunks"]) d.feed(chunk["at"], bytes_of(chunk, "text", "hex"));
        if (one.contains("end")) d.end(one["end"]["at"]);
        d.run_until(for_ever);
        EXPECT_EQ(d.items, expected_items(one));
        EXPECT_EQ(d.decoder.plain(), one["plain"].get<bool>());
    }
}

/// The bytes of a vector all at one moment: then only the newlines and the end of the stream can end lines.
std::vector<got> decode_at_once(const std::vector<std::string_view>& pieces) {
    driver d;
    for (const auto piece : pieces) d.feed(0, piece);
    d.end(0);
    return d.items;
}

TEST(LineDecoder, GivesTheSameItemsWhereverTheStreamIsSplit) {
    const json all = line_vectors();
    for (const json& one : all["cases"]) {
        SCOPED_TRACE(one["name"].get<std::string>());
        std::string stream;
        for (const json& chunk : one["chunks"]) stream += bytes_of(chunk, "text", "hex");
        const std::string_view whole = stream;
        const auto expected = decode_at_once({whole});
        for (std::size_t i = 0; i <= whole.size(); ++i) {
            ASSERT_EQ(decode_at_once({whole.substr(0, i), whole.substr(i)}), expected) << "split at " << i;
        }
        std::vector<std::string_view> single;
        for (std::size_t i = 0; i < whole.size(); ++i) single.push_back(whole.substr(i, 1));
        ASSERT_EQ(decode_at_once(single), expected) << "byte by byte";
    }
}

TEST(LineDecoder, GivesTheSameItemsForThreePiecesOfAShortStream) {
    const std::string stream = "ab\r\n\r\n\xe2\x82\xac\n\xff\n/x\r\r\nlast";
    const std::string_view whole = stream;
    const auto expected = decode_at_once({whole});
    ASSERT_EQ(expected.size(), 6U);
    for (std::size_t i = 0; i <= whole.size(); ++i) {
        for (std::size_t j = i; j <= whole.size(); ++j) {
            ASSERT_EQ(decode_at_once({whole.substr(0, i), whole.substr(i, j - i), whole.substr(j)}),
                      expected);
        }
    }
}

TEST(LineDecoder, StaysBoundedAndAliveOnRandomBytesAtRandomTimes) {
    std::mt19937 random(20240601);  // fixed: a failure can be repeated
    for (int round = 0; round < 300; ++round) {
        driver d;
        long at = 0;
        std::size_t fed = 0;
        std::size_t returned = 0;
        for (int i = 0; i < 60; ++i) {
            std::string bytes(random() % (round % 3 == 0 ? 3000 : 40), '\0');
            for (char& c : bytes) {
                const auto dice = random() % 10;
                c = dice == 0  ? '\n'
                    : dice < 5 ? static_cast<char>('a' + random() % 26)
                               : static_cast<char>(random());
            }
            at += static_cast<long>(random() % 50);
            fed += bytes.size();
            d.feed(at, bytes);
        }
        d.end(at);
        for (const auto& item : d.items) {
            returned += item.text.size();
            ASSERT_LE(item.text.size(), max_line_bytes);
            ASSERT_EQ(item.text.find_first_of(std::string("\0\n", 2)), std::string::npos);
        }
        ASSERT_LE(returned, fed);
        ASSERT_LE(d.most_waiting, max_line_bytes + 1);
    }
}

TEST(LineDecoder, ClosesAtTheLimitHoweverMuchIsFedAtOnce) {
    line_decoder decoder;
    const std::string flood(10 * 1024 * 1024, 'x');
    const auto items = decoder.feed(flood, {});
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].what, kind::too_long);
    EXPECT_TRUE(decoder.closed());
    EXPECT_EQ(decoder.waiting(), 0U);
    EXPECT_FALSE(decoder.deadline());
    EXPECT_TRUE(decoder.feed("more\n", {}).empty());
    EXPECT_TRUE(decoder.finish().empty());
}

TEST(LineDecoder, TheViewOfALineThatWasWhollyInTheChunkPointsIntoTheChunk) {
    line_decoder decoder;
    const std::string chunk = "one\ntwo\n";
    const auto items = decoder.feed(chunk, {});
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(static_cast<const void*>(items[0].text.data()), chunk.data());
    EXPECT_EQ(static_cast<const void*>(items[1].text.data()), chunk.data() + 4);
}

TEST(LineDecoder, TellsSinceWhenALineIsUnfinished) {
    line_decoder decoder;
    const steady_time start{};
    EXPECT_FALSE(decoder.waiting_since());
    decoder.feed("a\nb", start + milliseconds(5));
    decoder.feed("c", start + milliseconds(500));
    EXPECT_EQ(decoder.waiting_since(), start + milliseconds(5));
    decoder.feed("\n", start + milliseconds(501));
    EXPECT_FALSE(decoder.waiting_since());
}

TEST(LineDecoder, ExpiringBeforeTheDeadlineDoesNothing) {
    line_decoder decoder;
    decoder.feed("a", steady_time{});
    EXPECT_TRUE(decoder.expire(steady_time{} + milliseconds(29)).empty());
    EXPECT_EQ(decoder.waiting(), 1U);
    EXPECT_EQ(decoder.expire(steady_time{} + milliseconds(30)).size(), 1U);
    EXPECT_TRUE(decoder.expire(steady_time{} + milliseconds(60)).empty());
}

TEST(LineDecoder, AnExpiryThatComesVeryLateStillCountsTheExtraTimeForACharacter) {
    line_decoder decoder;
    decoder.feed("\xc3", steady_time{});
    const auto items = decoder.expire(steady_time{} + milliseconds(500));
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].what, kind::invalid_utf8);
}

TEST(LineDecoder, AcceptsExactlyTheCharactersOfUnicode) {
    // Every two- and three-byte pattern around the edges, against the definition (RFC 3629 §3).
    const auto valid = [](std::string_view text) {
        line_decoder decoder;
        const std::string line = std::string(text) + "\n";
        const auto items = decoder.feed(line, {});
        return items.size() == 1 && items[0].what == kind::line;
    };
    for (int first = 0x80; first <= 0xFF; ++first) {
        for (int second = 0x80; second <= 0xFF; ++second) {
            const std::string two{static_cast<char>(first), static_cast<char>(second)};
            const bool two_valid = first >= 0xC2 && first <= 0xDF && second <= 0xBF;
            ASSERT_EQ(valid(two), two_valid) << first << " " << second;
            const int code = (first & 0x0F) << 12 | (second & 0x3F) << 6;
            const bool three_valid = first >= 0xE0 && first <= 0xEF && second <= 0xBF && code >= 0x800 &&
                                     (code < 0xD800 || code > 0xDFFF);
            ASSERT_EQ(valid(two + "\x80"), three_valid) << first << " " << second;
            const int big = (first & 0x07) << 18 | (second & 0x3F) << 12;
            const bool four_valid =
                first >= 0xF0 && first <= 0xF7 && second <= 0xBF && big >= 0x10000 && big <= 0x10FFFF;
            ASSERT_EQ(valid(two + "\x80\x80"), four_valid) << first << " " << second;
        }
    }
}

TEST(LenientDecoder, PassesAnyBytesAndCutsWhatIsTooLong) {
    line_decoder decoder({.limit = 4, .strict = false});
    const auto texts = [](std::span<const chat::line_item> items) {
        std::vector<std::string> all;
        for (const auto& item : items) {
            EXPECT_EQ(item.what, kind::line);
            all.emplace_back(item.text);
        }
        return all;
    };
    using testing::ElementsAre;
    EXPECT_THAT(texts(decoder.feed("\xff\n", {})), ElementsAre("\xff"));
    EXPECT_THAT(texts(decoder.feed("abcdefghi\n", {})), ElementsAre("abcd", "efgh", "i"));
    EXPECT_THAT(texts(decoder.feed("abcdefghi", {})), ElementsAre("abcd", "efgh"));
    EXPECT_THAT(texts(decoder.feed("jklmnop", {})), ElementsAre("ijkl"));
    EXPECT_THAT(texts(decoder.feed("q", {})), ElementsAre("mnop"));
    EXPECT_THAT(texts(decoder.finish()), ElementsAre("q"));
    EXPECT_FALSE(decoder.closed());
}

TEST(LenientDecoder, CutsLongLinesAlikeWhereverTheNetworkDid) {
    const std::string_view sent = "12345678\r\nabcd\rx\nabcd\r\n";
    std::vector<std::string> whole;
    line_decoder at_once({.limit = 4, .strict = false});
    for (const auto& item : at_once.feed(sent, {})) whole.emplace_back(item.text);
    EXPECT_EQ(whole, (std::vector<std::string>{"1234", "5678", "abcd", "\rx", "abcd"}));
    for (std::size_t piece = 1; piece < sent.size(); ++piece) {
        line_decoder decoder({.limit = 4, .strict = false});
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < sent.size(); at += piece) {
            for (const auto& item : decoder.feed(sent.substr(at, piece), {})) lines.emplace_back(item.text);
        }
        EXPECT_EQ(lines, whole) << "in pieces of " << piece;
    }
}

TEST(ParseLine, TellsMessagesFromCommands) {
    const json all = line_vectors();
    const std::vector<std::pair<std::string, line_command>> names{
        {"help", line_command::help}, {"name", line_command::name}, {"who", line_command::who},
        {"join", line_command::join}, {"quit", line_command::quit}, {"unknown", line_command::unknown}};
    for (const json& one : all["parse"]) {
        const std::string line = one["line"];
        SCOPED_TRACE(line);
        const auto parsed = chat::parse_line(line);
        if (one.contains("message")) {
            EXPECT_FALSE(parsed.command);
            EXPECT_EQ(parsed.text, one["message"].get<std::string>());
            continue;
        }
        ASSERT_TRUE(parsed.command);
        const auto expected = std::find_if(names.begin(), names.end(), [&](const auto& n) {
            return n.first == one["command"].get<std::string>();
        });
        EXPECT_EQ(*parsed.command, expected->second);
        EXPECT_EQ(parsed.text, one["argument"].get<std::string>());
    }
}

TEST(Replies, HelpNamesEveryCommandAndEveryLineIsMarked) {
    const std::string help(chat::help_text());
    for (const char* word : {"/help", "/name", "/who", "/join", "/quit", "//"}) {
        EXPECT_NE(help.find(word), std::string::npos) << word;
    }
    EXPECT_FALSE(help.ends_with('\n'));
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_TRUE(line.starts_with("* ")) << line;
}

TEST(Replies, RefusalsAreOneLineAndSayWhenToRetry) {
    EXPECT_EQ(chat::refusal_text(base::fail(base::errc::name_taken, "ann is taken")), "! ann is taken");
    EXPECT_EQ(chat::refusal_text(base::fail(base::errc::name_taken, "")), "! name_taken");
    EXPECT_EQ(chat::refusal_text(base::fail(base::errc::internal, "a\nb\x1b[2J\x7f")), "! a?b?[2J?");
    base::error slow = base::fail(base::errc::rate_limited, "too fast");
    slow.retry_after = milliseconds(1540);
    EXPECT_EQ(chat::refusal_text(slow), "! too fast (try again in 1.5 s)");
    slow.retry_after = milliseconds(0);
    EXPECT_EQ(chat::refusal_text(slow), "! too fast (try again in 0.1 s)");
}

TEST(Replies, AnUnknownCommandIsRefusedWithAHintToHelp) {
    const std::string text = chat::refusal_text(chat::unknown_command("nmae"));
    EXPECT_NE(text.find("/nmae"), std::string::npos);
    EXPECT_NE(text.find("/help"), std::string::npos);
    const std::string cut =
        chat::refusal_text(chat::unknown_command(std::string(31, 'a') + repeated("€", 1000)));
    EXPECT_LT(cut.size(), 200U);
    line_decoder decoder;
    const std::string line = cut + "\n";
    EXPECT_EQ(decoder.feed(line, {})[0].what, kind::line) << "cut within a character";
}

TEST(Replies, WhoFitsInOneLineHoweverManyAreHere) {
    const std::vector<std::string> few{"ann", "bob"};
    EXPECT_EQ(chat::who_text("lobby", few, 2), "* 2 in lobby: ann, bob");
    EXPECT_EQ(chat::who_text("lobby", few, 5), "* 5 in lobby: ann, bob and 3 more");
    EXPECT_EQ(chat::who_text("lobby", {}, 0), "* 0 in lobby");
    const std::vector<std::string> many(100'000, "somebody");
    const std::string text = chat::who_text("lobby", many, many.size());
    EXPECT_LE(text.size(), max_line_bytes);
    EXPECT_GT(text.size(), max_line_bytes - 200);
    EXPECT_TRUE(text.ends_with(" more"));
}

TEST(Replies, EveryRefusedItemHasASentenceOfItsOwn) {
    const auto text = [](kind what) { return chat::refusal_text(chat::refusal_of(what)); };
    EXPECT_NE(text(kind::invalid_utf8), text(kind::nul));
    EXPECT_EQ(chat::refusal_of(kind::invalid_utf8).code, base::errc::message_invalid);
    EXPECT_EQ(chat::refusal_of(kind::nul).code, base::errc::message_invalid);
    EXPECT_EQ(chat::refusal_of(kind::too_long).code, base::errc::message_too_long);
    EXPECT_NE(text(kind::too_long).find("8192"), std::string::npos);
}

TEST(Replies, OnlyAFramedPeerGetsANewline) {
    EXPECT_EQ(chat::encode_line("hi", false)->view(), "hi\n");
    EXPECT_EQ(chat::encode_line("hi", true)->view(), "hi");
    EXPECT_EQ(chat::encode_line("", false)->view(), "\n");
    EXPECT_EQ(chat::encode_line("", true)->view(), "");
    EXPECT_EQ(chat::encode_line("a\x1b[0m\r", false)->view(), "a\x1b[0m\r\n");
}

TEST(Replies, NoticesAreMarked) {
    EXPECT_EQ(chat::named_text("Ann"), "* you are now Ann");
    EXPECT_EQ(chat::joined_text("lobby", 3), "* you are in lobby, 3 here");
    EXPECT_EQ(chat::notice_text("x\ry"), "* x?y");
}

}  // namespace
