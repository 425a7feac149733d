// What only the memory store promises: it is bounded.
#include "store/store_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "contracts/store_calls.hpp"

namespace chatterlink {
namespace {

using base::errc;
using test::draft_of;
using test::newest;

TEST(store_memory, keeps_the_newest_messages_of_each_room_and_seq_goes_on) {
    auto store = store::create_store_memory({.history_limit = 10});
    for (int i = 1; i <= 25; ++i) test::append(*store, draft_of("room", std::to_string(i))).value();
    test::append(*store, draft_of("quiet", "still here")).value();

    const auto page = test::history(*store, newest("room", 100)).value();
    ASSERT_EQ(page.messages.size(), 10u);
    EXPECT_EQ(page.messages.front().seq, 16u);
    EXPECT_EQ(page.messages.front().text, "16");
    EXPECT_EQ(page.messages.back().seq, 25u);
    EXPECT_EQ(page.last_seq, 25u);
    EXPECT_FALSE(page.more) << "what is gone is not to be had";
    EXPECT_EQ(test::history(*store, newest("quiet")).value().messages.size(), 1u);
}

TEST(store_memory, questions_about_dropped_messages_are_answered_from_what_is_left) {
    auto store = store::create_store_memory({.history_limit = 10});
    for (int i = 1; i <= 25; ++i) test::append(*store, draft_of("room", "x")).value();

    const auto missed = test::history(*store, {"room", {}, 3, 4}).value();
    ASSERT_EQ(missed.messages.size(), 4u);
    EXPECT_EQ(missed.messages.front().seq, 16u);
    EXPECT_TRUE(missed.more);
    const auto older = test::history(*store, {"room", 16, {}, 4}).value();
    EXPECT_TRUE(older.messages.empty());
    EXPECT_FALSE(older.more);
    EXPECT_EQ(older.last_seq, 25u);
}

TEST(store_memory, a_client_id_is_known_as_long_as_its_message_is_kept) {
    auto store = store::create_store_memory({.history_limit = 3});
    test::append(*store, draft_of("room", "x", "c1")).value();
    test::append(*store, draft_of("room", "x", "c2")).value();
    test::append(*store, draft_of("room", "x", "c3")).value();
    EXPECT_TRUE(test::append(*store, draft_of("room", "x", "c1")).value().duplicate);
    test::append(*store, draft_of("room", "x", "c4")).value();
    const auto again = test::append(*store, draft_of("room", "x", "c1")).value();
    EXPECT_FALSE(again.duplicate);
    EXPECT_EQ(again.stored.seq, 5u);
    EXPECT_TRUE(test::append(*store, draft_of("room", "x", "c3")).value().duplicate);
}

TEST(store_memory, a_window_of_nothing_still_counts) {
    auto store = store::create_store_memory({.history_limit = 0});
    test::append(*store, draft_of("room", "x", "c1")).value();
    EXPECT_EQ(test::append(*store, draft_of("room", "x", "c1")).value().stored.seq, 2u);
    const auto page = test::history(*store, newest("room")).value();
    EXPECT_TRUE(page.messages.empty());
    EXPECT_FALSE(page.more);
    EXPECT_EQ(page.last_seq, 2u);
}

TEST(store_memory, for_a_room_too_many_one_with_little_in_it_is_forgotten) {
    constexpr std::size_t limit = 1'000;
    auto store = store::create_store_memory({.room_limit = limit});
    for (int i = 0; i < 50; ++i) {
        for (int n = 0; n < 5; ++n) test::append(*store, draft_of("talk " + std::to_string(i), "x")).value();
    }
    for (int i = 0; i < 20'000; ++i)
        test::append(*store, draft_of("flood " + std::to_string(i), "x")).value();
    const auto rooms = test::rooms(*store).value();
    EXPECT_LE(rooms.size(), limit);
    EXPECT_GE(rooms.size(), limit / 2);
    EXPECT_EQ(std::count_if(rooms.begin(), rooms.end(), [](auto& r) { return r.name.starts_with("talk "); }),
              50);
}

TEST(store_memory, the_bytes_of_all_messages_are_bounded_at_the_cost_of_the_large_rooms) {
    auto store = store::create_store_memory({.byte_limit = 1'000'000});
    for (int i = 0; i < 40; ++i) {
        for (int n = 0; n < 10; ++n)
            test::append(*store, draft_of("talk " + std::to_string(i), "hello")).value();
    }
    for (int i = 0; i < 4'000; ++i) {
        const auto kept =
            test::append(*store, draft_of("flood " + std::to_string(i % 64), std::string(8'000, 'x')))
                .value();
        EXPECT_EQ(kept.stored.text.size(), 8'000u);
    }
    std::size_t bytes = 0;
    std::size_t talk = 0;
    for (const auto& room : test::rooms(*store).value()) {
        const auto page = test::history(*store, newest(room.name)).value();
        for (const auto& each : page.messages) bytes += each.text.size();
        if (room.name.starts_with("talk ")) talk += page.messages.size();
        EXPECT_EQ(page.last_seq, room.last_seq);
    }
    EXPECT_LE(bytes, 1'000'000u);
    EXPECT_GE(bytes, 500'000u) << "no more is dropped than has to be";
    EXPECT_GE(talk, 380u) << "small rooms keep theirs";
}

TEST(store_memory, a_forgotten_room_never_gives_a_seq_twice) {
    auto store = store::create_store_memory({.room_limit = 16});
    std::map<std::string, std::uint64_t> last;
    for (int i = 0; i < 5'000; ++i) {
        const auto name = "room " + std::to_string(i * i % 97);
        const auto seq = test::append(*store, draft_of(name, "x")).value().stored.seq;
        EXPECT_GT(seq, last[name]);
        const auto page = test::history(*store, newest(name)).value();
        EXPECT_EQ(page.messages.back().seq, seq);
        EXPECT_EQ(page.last_seq, seq);
        last[name] = seq;
    }
}

TEST(store_memory, a_room_whose_completion_is_under_way_is_not_forgotten) {
    auto store = store::create_store_memory({.room_limit = 16});
    std::uint64_t second = 0;
    store->append(draft_of("a", "x"), [&](auto) {
        for (int i = 0; i < 100; ++i) store->append(draft_of("b" + std::to_string(i), "x"), [](auto) {});
        store->append(draft_of("a", "x"), [&](auto kept) { second = kept.value().stored.seq; });
    });
    EXPECT_EQ(second, 2u);
}

TEST(store_memory, the_oldest_uploads_are_forgotten_first) {
    auto store = store::create_store_memory({.upload_limit = 3});
    for (const char* name : {"1", "2", "3", "2", "4"}) {
        test::add_upload(*store, {.name = name, .original = "", .type = "", .thumbnail = ""}).value();
    }
    EXPECT_EQ(test::find_upload(*store, "1").error().code, errc::attachment_unknown);
    for (const char* name : {"2", "3", "4"}) EXPECT_TRUE(test::find_upload(*store, name).has_value()) << name;
}

TEST(store_memory, a_call_completes_before_it_returns) {
    auto store = store::create_store_memory();
    bool done = false;
    store->append(draft_of("room", "x"), [&](auto) { done = true; });
    EXPECT_TRUE(done);
    done = false;
    store->history(newest("room"), [&](auto) { done = true; });
    EXPECT_TRUE(done);
}

}  // namespace
}  // namespace chatterlink
