#include "base/ids.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"

namespace chatterlink::base {
namespace {

class ids : public testing::Test {
  protected:
    static void SetUpTestSuite() { init_random(); }
};

// The wall-clock milliseconds in the first ten characters of a ULID.
std::int64_t time_of(const std::string& id) {
    std::int64_t time = 0;
    for (const char c : id.substr(0, 10))
        time = time * 32 + static_cast<int>(std::string("0123456789ABCDEFGHJKMNPQRSTVWXYZ").find(c));
    return time;
}

// Each asks the system for many bytes at a time: none may be used twice, by whatever thread or process.
TEST_F(ids, no_two_random_tokens_are_equal_across_threads_and_forks) {
    std::set<std::string> seen;
    std::vector<std::vector<std::string>> made(4);
    std::vector<std::thread> threads;
    threads.reserve(made.size());
    for (auto& mine : made) {
        threads.emplace_back([&mine] {
            mine.reserve(1000);
            for (int n = 0; n < 1000; ++n) mine.push_back(random_token(15));
        });
    }
    for (auto& each : threads) each.join();
    for (const auto& mine : made) seen.insert(mine.begin(), mine.end());
    EXPECT_EQ(seen.size(), 4000u);

    random_token(15);  // what is left of this thread's stock is copied by the fork
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const auto token = random_token(15);
        const auto n = ::write(ends[1], token.data(), token.size());
        ::_exit(n == static_cast<ssize_t>(token.size()) ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    std::array<char, 20> theirs{};
    EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), 20);
    for (const int each : ends) ::close(each);
    EXPECT_NE(random_token(15), std::string(theirs.data(), theirs.size()));
}

TEST_F(ids, more_random_bytes_than_are_kept_are_all_random) {
    const auto token = random_token(3000);
    EXPECT_EQ(token.size(), 4000u);
    std::set<std::string> pieces;
    for (std::size_t at = 0; at < token.size(); at += 20) pieces.insert(token.substr(at, 20));
    EXPECT_EQ(pieces.size(), 200u);
}

TEST_F(ids, random_tokens_are_base64url_of_the_length_their_bytes_need) {
    for (const auto& [bytes, characters] :
         {std::pair{1u, 2u}, {2u, 3u}, {3u, 4u}, {15u, 20u}, {16u, 22u}, {20u, 27u}}) {
        const auto token = random_token(bytes);
        EXPECT_EQ(token.size(), characters) << bytes << " bytes";
        EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos)
            << token;
    }
    EXPECT_EQ(random_token(0), "");
}

// 2,000 tokens miss a character at some place in less than one of 10^10 runs.
TEST_F(ids, every_bit_of_a_random_token_varies) {
    constexpr std::size_t bytes = 20;
    std::vector<std::set<char>> seen(27);
    for (int i = 0; i < 2000; ++i) {
        const auto token = random_token(bytes);
        for (std::size_t at = 0; at < seen.size(); ++at) seen[at].insert(token.at(at));
    }
    for (std::size_t at = 0; at < 26; ++at) EXPECT_EQ(seen[at].size(), 64u) << at;
    EXPECT_EQ(seen[26], std::set<char>({'A', 'E', 'I', 'M', 'Q', 'U', 'Y', 'c', 'g', 'k', 'o', 's', 'w', '0',
                                        '4', '8'}));
}

TEST_F(ids, tokens_name_their_shard) {
    for (const shard_id where : {0U, 1U, 15U, 16U, 255U, 4096U, 65535U}) {
        const auto token = random_token_of(where, 20);
        EXPECT_EQ(token.size(), 27 + 4) << token;
        EXPECT_EQ(shard_in_token(token), where) << token;
        EXPECT_NE(random_token_of(where, 20), token);
    }
    EXPECT_EQ(random_token_of(0x1a2b, 15).substr(20), "1a2b");
}

TEST_F(ids, what_cannot_name_a_shard_names_none) {
    for (const auto* const text : {"", "1", "0001", "xx001g", "xx00 1", "xx001F", "xx-001", "xx\xc3\xa9\x30"})
        EXPECT_EQ(shard_in_token(text), no_shard) << text;
    EXPECT_EQ(shard_in_token("x000f"), 15U);
}

TEST_F(ids, random_tokens_do_not_repeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(random_token(16)).second);
}

TEST_F(ids, sortable_ids_have_26_characters_of_crockfords_alphabet) {
    for (int i = 0; i < 1'000; ++i) {
        const auto id = sortable_id();
        EXPECT_EQ(id.size(), 26u);
        EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos) << id;
    }
}

TEST_F(ids, sortable_ids_say_when_they_were_made) {
    const auto before = wall_now_ms();
    const auto id = sortable_id();
    EXPECT_GE(time_of(id), before);
    EXPECT_LE(time_of(id), wall_now_ms());
}

TEST_F(ids, sortable_ids_rise_within_one_millisecond) {
    // 100,000 in a row are far more than one for each millisecond.
    std::string last = sortable_id();
    for (int i = 0; i < 100'000; ++i) {
        auto next = sortable_id();
        ASSERT_LT(last, next) << i;
        last = std::move(next);
    }
}

TEST_F(ids, sortable_ids_of_a_later_millisecond_sort_behind_those_of_another_thread) {
    std::string first;
    std::thread([&] { first = sortable_id(); }).join();
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    EXPECT_LT(first, sortable_id());
}

TEST_F(ids, sortable_ids_of_different_threads_do_not_meet) {
    std::vector<std::vector<std::string>> made(4);
    std::vector<std::thread> threads;
    for (auto& mine : made) {
        threads.emplace_back([&mine] {
            for (int i = 0; i < 2'000; ++i) mine.push_back(sortable_id());
        });
    }
    for (auto& each : threads) each.join();
    std::set<std::string> all;
    for (const auto& mine : made) all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), 8'000u);
}

}  // namespace
}  // namespace chatterlink::base
