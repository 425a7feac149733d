// Joining, leaving, reading: over one shard and over several, with a store that is quick, slow or broken.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "chat/chat_world.hpp"

namespace chatterlink::chat {
namespace {

using base::errc;
using test::chat_world;
using test::person;
using test::trying_store;
using names = std::vector<std::string>;

class service_join : public testing::TestWithParam<base::shard_id> {
  protected:
    template <class T>
    static void expect_error(const base::result<T>& r, errc code) {
        ASSERT_FALSE(r) << "accepted";
        EXPECT_EQ(r.error().code, code) << base::code_name(r.error().code) << ": " << r.error().message;
        EXPECT_FALSE(r.error().message.empty());
    }
    static std::vector<std::uint64_t> seqs(const std::vector<message>& messages) {
        std::vector<std::uint64_t> all;
        for (const auto& each : messages) all.push_back(each.seq);
        return all;
    }
    // The seqs of a person's live messages.
    static std::vector<std::uint64_t> live(const person& p) {
        std::vector<std::uint64_t> all;
        for (const auto& each : p.told) {
            if (each.starts_with("message lobby ")) all.push_back(std::stoull(each.substr(14)));
        }
        return all;
    }
    static std::vector<std::uint64_t> up_to(std::uint64_t last) {
        std::vector<std::uint64_t> all;
        for (std::uint64_t n = 1; n <= last; ++n) all.push_back(n);
        return all;
    }

    chat_world world{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(shards, service_join, testing::Values(1, 2, 3),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(service_join, answers_with_names_members_and_history) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    const auto first = world.join(ann, "  Ann ", "#lobby");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->you, "Ann");
    EXPECT_EQ(first->room, "lobby");
    EXPECT_EQ(first->members->names(), names{"Ann"});
    EXPECT_EQ(first->count, 1u);
    EXPECT_GE(first->token.size(), 22u) << "a secret of 128 bits or more";
    EXPECT_TRUE(first->history.messages.empty());
    EXPECT_EQ(first->history.last_seq, 0u);
    ASSERT_TRUE(world.say(ann, "hello"));
    ASSERT_TRUE(world.say(ann, "again"));

    const auto second = world.join(bob, "Bob");
    ASSERT_TRUE(second);
    EXPECT_EQ(second->members->names(), (names{"Ann", "Bob"}));
    EXPECT_EQ(second->count, 2u);
    EXPECT_EQ(seqs(second->history.messages), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(second->history.messages[0].text, "hello");
    EXPECT_EQ(second->history.last_seq, 2u);
    EXPECT_FALSE(second->history.more);
    EXPECT_NE(second->token, first->token);
}

TEST_P(service_join, refuses_bad_names_with_their_codes) {
    auto& ann = world.enter();
    expect_error(world.join(ann, ""), errc::name_empty);
    expect_error(world.join(ann, "   "), errc::name_empty);
    expect_error(world.join(ann, std::string(max_user_name + 1, 'a')), errc::name_too_long);
    expect_error(world.join(ann, "a\tb"), errc::name_invalid);
    expect_error(world.join(ann, "Ann", ""), errc::room_empty);
    expect_error(world.join(ann, "Ann", std::string(max_room_name + 1, 'r')), errc::room_too_long);
    expect_error(world.join(ann, "Ann", "a/b"), errc::room_invalid);
    EXPECT_TRUE(ann.who->rooms.empty());
    EXPECT_EQ(world.store.reads, 0u);
}

TEST_P(service_join, a_taken_name_is_refused_and_free_in_another_room) {
    auto& ann = world.enter(0);
    auto& other = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    expect_error(world.join(other, "ann"), errc::name_taken);
    EXPECT_TRUE(other.who->rooms.empty());
    EXPECT_TRUE(world.join(other, "ann", "another room"));
    world.exit(ann);
    EXPECT_TRUE(world.join(other, "ann"));
}

TEST_P(service_join, a_reconnect_with_the_token_takes_over_its_own_ghost) {
    auto& old = world.enter(0);
    const auto before = world.join(old, "Ann").value();
    auto& stranger = world.enter(0);
    expect_error(world.join(stranger, "Ann", "lobby", "not-the-right-token-at-all"), errc::name_taken);
    auto& anew = world.enter(1);
    const auto after = world.join(anew, "Ann", "lobby", before.token);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->count, 1u);
    EXPECT_EQ(after->token, before.token);
    world.threads.advance(base::milliseconds(5'000));
    anew.take();
    world.exit(old);
    world.threads.advance(base::milliseconds(5'000));
    EXPECT_EQ(anew.take("presence"), names{}) << "Ann never left";
    EXPECT_TRUE(world.say(anew, "still here"));
}

TEST_P(service_join, tokens_of_a_wrong_length_are_replaced) {
    for (const auto& token : {std::string("short"), std::string(1'000, 't')}) {
        auto& p = world.enter();
        const auto in = world.join(p, "Ann", "lobby", token);
        ASSERT_TRUE(in);
        EXPECT_NE(in->token, token);
        world.exit(p);
    }
}

TEST_P(service_join, joining_again_gives_a_fresh_answer_and_another_name_renames) {
    auto& ann = world.enter(0);
    ASSERT_TRUE(world.join(ann, "Ann"));
    ASSERT_TRUE(world.say(ann, "one"));
    const auto again = world.join(ann, "Ann");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->count, 1u);
    EXPECT_EQ(again->history.last_seq, 1u);
    const auto renamed = world.join(ann, "Anna");
    ASSERT_TRUE(renamed);
    EXPECT_EQ(renamed->members->names(), names{"Anna"});
    ann.take();
    ASSERT_TRUE(world.say(ann, "two"));
    EXPECT_EQ(ann.take("message"), names{"message lobby 2 Anna: two"}) << "told once, under the new name";
}

TEST_P(service_join, a_client_may_be_in_so_many_rooms_and_no_more) {
    auto bounds = chat_world::unlimited();
    bounds.max_rooms_per_client = 3;
    chat_world small(GetParam(), bounds);
    auto& ann = small.enter();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(small.join(ann, "Ann", "room " + std::to_string(i)));
    expect_error(small.join(ann, "Ann", "one more"), errc::too_many_rooms);
    EXPECT_TRUE(small.join(ann, "Ann", "room 1")) << "one it is in already is not one more";
    ASSERT_TRUE(small.leave(ann, "room 1"));
    EXPECT_TRUE(small.join(ann, "Ann", "one more"));

    // Joins under way count too, or a burst of them would get around the limit.
    auto& bob = small.enter();
    std::vector<chat_world::pending<joined>> answers;
    for (int i = 0; i < 6; ++i)
        answers.push_back(small.start_join(bob, {.username = "Bob", .room = "burst " + std::to_string(i)}));
    small.threads.run();
    int accepted = 0;
    for (const auto& each : answers) {
        ASSERT_TRUE(each->has_value());
        accepted += (*each)->has_value();
        if (!**each) expect_error(**each, errc::too_many_rooms);
    }
    EXPECT_EQ(accepted, 3);
    expect_error(small.join(ann, "Bob", "burst 0"), errc::too_many_rooms);
}

TEST_P(service_join, history_is_bounded_and_since_gives_what_was_missed) {
    auto& ann = world.enter(0);
    ASSERT_TRUE(world.join(ann, "Ann"));
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(world.say(ann, std::to_string(i)));
    auto& bob = world.enter(1);
    const auto newest = world.join(bob, "Bob").value().history;
    ASSERT_EQ(newest.messages.size(), world.service.bounds().join_history);
    EXPECT_EQ(newest.messages.back().seq, 300u);
    EXPECT_TRUE(newest.more);
    auto& cleo = world.enter(1);
    const auto missed =
        world.finish(world.start_join(cleo, {.username = "Cleo", .room = "lobby", .since = 290}))
            .value()
            .history;
    EXPECT_EQ(seqs(missed.messages),
              (std::vector<std::uint64_t>{291, 292, 293, 294, 295, 296, 297, 298, 299, 300}));
    EXPECT_FALSE(missed.more);
    auto& dan = world.enter(1);
    const auto much =
        world.finish(world.start_join(dan, {.username = "Dan", .room = "lobby", .since = 0})).value().history;
    EXPECT_EQ(much.messages.size(), world.service.bounds().join_history_since);
    EXPECT_EQ(much.messages.front().seq, 1u);
    EXPECT_TRUE(much.more);
}

TEST_P(service_join, big_rooms_get_a_page_of_members_and_the_count) {
    auto bounds = chat_world::unlimited();
    bounds.members_whole = 10;
    bounds.members_page = 5;
    chat_world small(GetParam(), bounds);
    for (int i = 0; i < 20; ++i) {
        const auto in = small.join(small.enter(static_cast<base::shard_id>(i)), "user " + std::to_string(i));
        ASSERT_TRUE(in);
        const auto count = static_cast<std::size_t>(i + 1);
        EXPECT_EQ(in->members->names().size(), count <= 10 ? count : 5u);
        EXPECT_EQ(in->count, count);
    }
}

TEST_P(service_join, a_big_rooms_members_are_read_page_by_page) {
    auto bounds = chat_world::unlimited();
    bounds.members_whole = bounds.members_page = 5;
    bounds.members_max = 4;
    chat_world w(GetParam(), bounds);
    std::optional<joined> last;
    for (int i = 0; i < 23; ++i) {
        auto& each = w.enter(static_cast<base::shard_id>(i));
        last = w.join(each, (i % 2 == 0 ? "User " : "user ") + std::to_string(i)).value();
    }
    auto& reader = *w.people.back();
    names all = last->members->names();
    bool more = true;
    while (more) {
        const auto page = w.list_members(reader, {" #lobby", all.back(), 0});
        ASSERT_TRUE(page);
        EXPECT_EQ(page->room, "lobby");
        EXPECT_EQ(page->count, 23u);
        EXPECT_EQ(page->names.size(), std::min<std::size_t>(4, 23 - all.size()));
        all.insert(all.end(), page->names.begin(), page->names.end());
        more = page->more;
    }
    EXPECT_EQ(all.size(), 23u);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 23u);
    EXPECT_EQ(w.list_members(reader, {"lobby", "", 2})->names, names(all.begin(), all.begin() + 2));
    expect_error(w.list_members(reader, {"elsewhere"}), errc::not_joined);
    expect_error(w.list_members(reader, {"lobby", "a\nb"}), errc::name_invalid);
}

// ---- Exactly once ----

TEST_P(service_join, a_message_around_a_join_is_seen_once_in_history_or_live) {
    for (const auto slow : {trying_store::slowness::answers, trying_store::slowness::calls}) {
        for (int before = 0; before < 3; ++before) {
            for (int during = 0; during < 3; ++during) {
                chat_world w(GetParam());
                auto& ann = w.enter(0);
                ASSERT_TRUE(w.join(ann, "Ann"));
                for (int i = 0; i < before; ++i) ASSERT_TRUE(w.say(ann, "before"));
                w.store.slow = slow;
                auto& bob = w.enter(1);
                const auto pending = w.start_join(bob, {.username = "Bob", .room = "lobby"});
                w.threads.run();
                ASSERT_FALSE(pending->has_value());
                for (int i = 0; i < during; ++i) ASSERT_TRUE(w.say(ann, "during"));
                EXPECT_TRUE(live(bob).empty()) << "nothing before the answer";
                w.store.release_one();
                auto seen = seqs(w.finish(pending).value().history.messages);
                ASSERT_TRUE(w.say(ann, "after"));
                const auto told = live(bob);
                seen.insert(seen.end(), told.begin(), told.end());
                EXPECT_EQ(seen, up_to(static_cast<std::uint64_t>(before + during + 1)));
            }
        }
    }
}

TEST_P(service_join, however_joins_and_messages_fall_together_everybody_sees_each_message_once_and_in_order) {
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        auto bounds = chat_world::unlimited();
        bounds.join_history = 1'000;
        chat_world w(GetParam(), bounds);
        auto& ann = w.enter(0);
        ASSERT_TRUE(w.join(ann, "Ann"));
        w.store.slow = round % 2 == 0 ? trying_store::slowness::answers : trying_store::slowness::calls;
        std::vector<std::pair<person*, chat_world::pending<joined>>> joining;
        std::vector<chat_world::pending<said>> said_so_far;
        for (int step = 0; step < 60; ++step) {
            switch (random() % 5) {
                case 0: {
                    auto& p = w.enter(static_cast<base::shard_id>(random()));
                    joining.emplace_back(
                        &p, w.start_join(p, {.username = "user " + std::to_string(step), .room = "lobby"}));
                    break;
                }
                case 1:
                    if (!w.store.held.empty()) w.store.release_one();
                    break;
                case 2:
                    w.threads.run();
                    break;
                default:
                    said_so_far.push_back(w.start_say(ann, {.room = "lobby", .text = "x"}));
            }
        }
        while (w.threads.run(), !w.store.held.empty()) w.store.release_one();
        w.store.slow = trying_store::slowness::none;
        ASSERT_TRUE(w.say(ann, "the last"));
        const auto last = said_so_far.size() + 1;
        for (const auto& [p, answer] : joining) {
            ASSERT_TRUE(answer->has_value());
            auto seen = seqs((**answer)->history.messages);
            const auto told = live(*p);
            seen.insert(seen.end(), told.begin(), told.end());
            ASSERT_EQ(seen, up_to(last)) << "round " << round;
        }
        EXPECT_EQ(live(ann), up_to(last));
    }
}

// ---- Leaving ----

TEST_P(service_join, who_leaves_hears_and_says_nothing_more) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    ASSERT_TRUE(world.join(bob, "Bob"));
    ASSERT_TRUE(world.leave(bob, "#lobby"));
    bob.take();
    ASSERT_TRUE(world.say(ann, "gone?"));
    EXPECT_EQ(bob.take(), names{});
    expect_error(world.say(bob, "let me in"), errc::not_joined);
    expect_error(world.leave(bob), errc::not_joined);
    expect_error(world.leave(bob, "never there"), errc::not_joined);
    expect_error(world.leave(bob, ""), errc::not_joined);
    EXPECT_TRUE(world.join(bob, "Bob"));
}

TEST_P(service_join, a_disconnect_leaves_every_room) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    for (const auto* room : {"a", "b", "c"}) {
        ASSERT_TRUE(world.join(bob, "Bob", room));
        ASSERT_TRUE(world.join(ann, "Ann", room));
    }
    world.exit(bob);
    for (const auto& each : world.list(ann).value()) EXPECT_EQ(each.count, 1u) << each.name;
    bob.take();
    ASSERT_TRUE(world.say(ann, "x", "a"));
    EXPECT_EQ(bob.take(), names{});
}

TEST_P(service_join, a_disconnect_during_a_join_leaves_nobody_behind) {
    for (int moment = 0; moment < 2; ++moment) {
        chat_world w(GetParam());
        auto& ann = w.enter(0);
        ASSERT_TRUE(w.join(ann, "Ann"));
        w.threads.advance(base::milliseconds(5'000));
        ann.take();
        auto& bob = w.enter(1);
        w.store.slow = trying_store::slowness::answers;
        const auto pending = w.start_join(bob, {.username = "Bob", .room = "lobby"});
        if (moment == 1) w.threads.run();  // up to the reading of the history
        w.exit(bob);
        while (!w.store.held.empty()) w.store.release_one();
        w.store.slow = trying_store::slowness::none;
        w.threads.advance(base::milliseconds(5'000));
        EXPECT_FALSE(pending->has_value()) << "nobody is there to be answered";
        EXPECT_EQ(ann.take("presence"), names{}) << "came and went unseen";
        EXPECT_EQ(w.list(ann).value().at(0).count, 1u);
        bob.take();
        ASSERT_TRUE(w.say(ann, "anybody?"));
        EXPECT_EQ(bob.take(), names{});
        EXPECT_TRUE(w.join(w.enter(1), "Bob")) << "the name is free";
    }
}

TEST_P(service_join, leaving_while_the_history_is_read_leaves) {
    auto& ann = world.enter(1);
    world.store.slow = trying_store::slowness::answers;
    const auto pending = world.start_join(ann, {.username = "Ann", .room = "lobby"});
    world.threads.run();
    ASSERT_TRUE(world.leave(ann));
    world.store.release_one();
    expect_error(world.finish(pending), errc::not_joined);
    EXPECT_TRUE(ann.who->rooms.empty());
    expect_error(world.say(ann, "x"), errc::not_joined);
}

TEST_P(service_join, when_the_history_cannot_be_read_the_join_fails_and_leaves_no_trace) {
    auto& ann = world.enter(0);
    ASSERT_TRUE(world.join(ann, "Ann"));
    world.threads.advance(base::milliseconds(5'000));
    ann.take();
    auto& bob = world.enter(1);
    world.store.failing_reads = true;
    expect_error(world.join(bob, "Bob"), errc::store_unavailable);
    EXPECT_TRUE(bob.who->rooms.empty());
    EXPECT_TRUE(bob.who->joins_under_way == nullptr);
    expect_error(world.say(bob, "x"), errc::not_joined);
    world.threads.advance(base::milliseconds(5'000));
    EXPECT_EQ(ann.take("presence"), names{});
    EXPECT_TRUE(world.say(ann, "others go on"));
    world.store.failing_reads = false;
    EXPECT_TRUE(world.join(bob, "Bob"));
}

// ---- Reading ----

TEST_P(service_join, history_pages_both_ways_for_members_only) {
    auto& ann = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    for (int i = 0; i < 250; ++i) ASSERT_TRUE(world.say(ann, "m"));
    const auto page = [&](history_query which) { return world.history(ann, std::move(which)).value(); };
    EXPECT_EQ(page({"lobby", {}, {}, 0}).messages.size(), world.service.bounds().history_default);
    EXPECT_EQ(page({"lobby", {}, {}, 4'000'000'000}).messages.size(), world.service.bounds().history_max);
    EXPECT_EQ(seqs(page({"#lobby", 4, {}, 10}).messages), (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(seqs(page({"lobby", {}, 248, 10}).messages), (std::vector<std::uint64_t>{249, 250}));
    EXPECT_TRUE(page({"lobby", 100, {}, 10}).more);
    auto& stranger = world.enter();
    expect_error(world.history(stranger, {"lobby", {}, {}, 10}), errc::not_joined);
    expect_error(world.history(ann, {"elsewhere", {}, {}, 10}), errc::not_joined);
    world.store.failing_reads = true;
    expect_error(world.history(ann, {"lobby", {}, {}, 10}), errc::store_unavailable);
}

TEST_P(service_join, rooms_are_listed_by_members_then_those_with_messages_only) {
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann", "quiet"));
    ASSERT_TRUE(world.say(ann, "hush", "quiet"));
    ASSERT_TRUE(world.leave(ann, "quiet"));
    ASSERT_TRUE(world.join(ann, "Ann", "busy"));
    ASSERT_TRUE(world.join(bob, "Bob", "busy"));
    ASSERT_TRUE(world.join(bob, "Bob", "alone"));
    const auto list = world.list(ann).value();
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[0].name, "busy");
    EXPECT_EQ(list[0].count, 2u);
    EXPECT_EQ(list[1].name, "alone");
    EXPECT_EQ(list[1].count, 1u);
    EXPECT_EQ(list[2].name, "quiet");
    EXPECT_EQ(list[2].count, 0u);
    world.store.failing_reads = true;
    expect_error(world.list(ann), errc::store_unavailable);
}

TEST_P(service_join, the_list_of_rooms_is_bounded) {
    auto bounds = chat_world::unlimited();
    bounds.rooms_page = 10;
    chat_world small(GetParam(), bounds);
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(
            small.join(small.enter(static_cast<base::shard_id>(i)), "Ann", "room " + std::to_string(i)));
    EXPECT_EQ(small.list(*small.people[0]).value().size(), 10u);
}

TEST_P(service_join, members_are_told_to_members) {
    using page = std::pair<std::vector<std::string>, std::size_t>;
    auto& ann = world.enter(0);
    auto& bob = world.enter(1);
    ASSERT_TRUE(world.join(ann, "Ann"));
    ASSERT_TRUE(world.join(bob, "Bob"));
    const auto ask = [&](person& p, const std::string& room) {
        auto answer = std::make_shared<std::optional<base::result<page>>>();
        world.at(p, [&] { world.service.members(p.who, room, chat_world::into(p, world.threads, answer)); });
        return world.finish(answer);
    };
    EXPECT_EQ(ask(bob, "lobby").value(), (page{{"Ann", "Bob"}, 2}));
    expect_error(ask(bob, "elsewhere"), errc::not_joined);
}

}  // namespace
}  // namespace chatterlink::chat
