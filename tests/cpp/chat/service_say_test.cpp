// Saying: what is accepted, who hears it, in which order, how often, and what happens when the store fails.
#include <gtest/gtest.h>

#include "chat/chat_world.hpp"

namespace chatterlink::chat {
namespace {

using namespace std::string_literals;
using base::errc;
using test::chat_world;
using test::person;
using test::trying_store;
using names = std::vector<std::string>;

class service_say : public testing::TestWithParam<base::shard_id> {
  protected:
    template <class T>
    static void expect_error(const base::result<T>& r, errc code) {
        ASSERT_FALSE(r) << "accepted";
        EXPECT_EQ(r.error().code, code) << base::code_name(r.error().code) << ": " << r.error().message;
    }
    // A person who is in the lobby.
    person& member(const std::string& name, base::shard_id shard, const std::string& room = "lobby") {
        auto& p = world.enter(shard);
        EXPECT_TRUE(world.join(p, name, room));
        return p;
    }

    chat_world world{GetParam()};
    person& ann = member("Ann", 0);
    person& bob = member("Bob", 1);
};

INSTANTIATE_TEST_SUITE_P(shards, service_say, testing::Values(1, 2, 3),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(service_say, everybody_in_the_room_hears_it_the_sender_included) {
    auto& stranger = member("Cleo", 0, "elsewhere");
    const auto before = base::wall_now_ms();
    const auto answer = world.say(ann, "hello");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->seq, 1u);
    EXPECT_EQ(answer->id.size(), 26u);
    EXPECT_GE(answer->timestamp, before);
    EXPECT_LE(answer->timestamp, base::wall_now_ms());
    EXPECT_EQ(ann.take("message"), names{"message lobby 1 Ann: hello"});
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: hello"});
    EXPECT_EQ(stranger.take("message"), names{});
    EXPECT_EQ(world.encoder.encoded["message"], 1u) << "encoded once for all";
}

TEST_P(service_say, the_sender_can_be_left_out) {
    ASSERT_TRUE(world.finish(world.start_say(ann, {.room = "lobby", .text = "hello", .echo = false})));
    EXPECT_EQ(ann.take("message"), names{});
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: hello"});
}

TEST_P(service_say, all_members_see_one_order_without_holes) {
    auto& cleo = member("Cleo", 2);
    std::vector<chat_world::pending<said>> answers;
    for (int i = 0; i < 50; ++i) {
        for (auto* p : {&ann, &bob, &cleo})
            answers.push_back(world.start_say(*p, {.room = "lobby", .text = std::to_string(i)}));
    }
    world.threads.run();
    const auto heard = ann.take("message");
    ASSERT_EQ(heard.size(), 150u);
    for (std::size_t i = 0; i < heard.size(); ++i)
        EXPECT_TRUE(heard[i].starts_with("message lobby " + std::to_string(i + 1) + " "));
    EXPECT_EQ(bob.take("message"), heard);
    EXPECT_EQ(cleo.take("message"), heard);
    for (const auto& each : answers) EXPECT_TRUE(each->value());
}

TEST_P(service_say, the_room_may_be_spelled_as_people_do) {
    ASSERT_TRUE(world.say(ann, "one", "#lobby"));
    ASSERT_TRUE(world.say(ann, "two", "  lobby "));
    EXPECT_EQ(bob.take("message").size(), 2u);
}

TEST_P(service_say, only_members_may_speak) {
    auto& stranger = world.enter(1);
    expect_error(world.say(stranger, "hello"), errc::not_joined);
    expect_error(world.say(ann, "hello", "elsewhere"), errc::not_joined);
    expect_error(world.say(ann, "hello", ""), errc::not_joined);
    EXPECT_EQ(world.store.appends, 0u);
}

TEST_P(service_say, text_has_its_limits) {
    const auto most = world.service.bounds().max_message_bytes;
    EXPECT_TRUE(world.say(ann, std::string(most, 'x')));
    expect_error(world.say(ann, std::string(most + 1, 'x')), errc::message_too_long);
    expect_error(world.say(ann, ""), errc::message_empty);
    expect_error(world.say(ann, " \t\r\n"), errc::message_empty);
    // No-break, ideographic and line-separating space; zero width, byte order mark, an override.
    for (const char* unseen : {"\u00a0", "\u3000 \u2028", "\u200b", "\ufeff", "\u202e\u200d"})
        expect_error(world.say(ann, unseen), errc::message_empty);
    EXPECT_TRUE(world.say(ann, "\u200b."));
    expect_error(world.say(ann, "a\0b"s), errc::message_invalid);
    EXPECT_EQ(world.store.appends, 2u);
    EXPECT_EQ(bob.take("message").size(), 2u);
}

TEST_P(service_say, a_blank_line_is_a_message_where_the_gateway_says_so) {
    EXPECT_TRUE(world.finish(world.start_say(ann, {.room = "lobby", .text = "", .allow_empty = true})));
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: "});
}

TEST_P(service_say, ids_from_the_client_have_their_limits) {
    const auto& bounds = world.service.bounds();
    const auto say = [&](std::string client_id, std::string reply_to) {
        return world.finish(world.start_say(ann, {.room = "lobby",
                                                  .text = "x",
                                                  .client_id = std::move(client_id),
                                                  .reply_to = std::move(reply_to)}));
    };
    EXPECT_TRUE(
        say(std::string(bounds.max_client_id_bytes, 'c'), std::string(bounds.max_reply_to_bytes, 'r')));
    expect_error(say(std::string(bounds.max_client_id_bytes + 1, 'c'), ""), errc::bad_payload);
    expect_error(say("", std::string(bounds.max_reply_to_bytes + 1, 'r')), errc::bad_payload);
}

TEST_P(service_say, a_retry_with_the_same_client_id_makes_no_second_copy) {
    const say_request what{.room = "lobby", .text = "once", .client_id = "abc"};
    const auto first = world.finish(world.start_say(ann, what)).value();
    const auto retry = world.finish(world.start_say(ann, what)).value();
    EXPECT_EQ(retry.id, first.id);
    EXPECT_EQ(retry.seq, first.seq);
    EXPECT_EQ(retry.timestamp, first.timestamp);
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: once"}) << "told once";
    EXPECT_EQ(ann.take("message").size(), 1u);
    EXPECT_EQ(world.finish(world.start_say(bob, what)).value().seq, 2u) << "another user's id is another's";
}

TEST_P(service_say, two_copies_under_way_at_once_become_one_message) {
    const say_request what{.room = "lobby", .text = "once", .client_id = "abc"};
    const auto one = world.start_say(ann, what);
    const auto two = world.start_say(ann, what);
    EXPECT_EQ(world.finish(one).value().seq, world.finish(two).value().seq);
    EXPECT_EQ(bob.take("message").size(), 1u);
}

TEST_P(service_say, attachments_have_to_be_known_uploads) {
    world.store.add_upload(
        {.name = "a.png", .original = "cat.png", .type = "image/png", .size = 1, .thumbnail = {}},
        [](auto) {});
    world.store.add_upload(
        {.name = "b.png", .original = "dog.png", .type = "image/png", .size = 1, .thumbnail = {}},
        [](auto) {});
    const auto say = [&](std::vector<std::string> attachments, const std::string& text = {}) {
        return world.finish(
            world.start_say(ann, {.room = "lobby", .text = text, .attachments = std::move(attachments)}));
    };
    EXPECT_TRUE(say({"a.png", "b.png"})) << "no text is needed then";
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann:  [a.png] [b.png]"});
    expect_error(say({"a.png", "unknown.png"}, "x"), errc::attachment_unknown);
    expect_error(say({"../etc/passwd"}, "x"), errc::attachment_unknown);
    expect_error(say(std::vector<std::string>(11, "a.png")), errc::bad_payload);
    EXPECT_EQ(bob.take("message"), names{});
}

TEST_P(service_say, a_sender_that_leaves_before_the_answer_is_not_answered_but_heard) {
    const auto answer = world.start_say(ann, {.room = "lobby", .text = "last words"});
    const bool answered_already = answer->has_value();  // with one shard everything is done at once
    world.exit(ann);
    EXPECT_EQ(answer->has_value(), answered_already);
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: last words"});
}

// ---- Limits of speed ----

TEST_P(service_say, a_flood_is_slowed_and_told_when_to_try_again) {
    auto bounds = chat_world::unlimited();
    bounds.rate_limited = true;
    bounds.rates.messages = {1, 3};
    chat_world w(GetParam(), bounds);
    auto& fast = w.enter(0);
    auto& other = w.enter(1);
    ASSERT_TRUE(w.join(fast, "Fast"));
    ASSERT_TRUE(w.join(other, "Other"));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.say(fast, "x"));
    const auto refused = w.say(fast, "x");
    expect_error(refused, errc::rate_limited);
    ASSERT_TRUE(refused.error().retry_after.has_value());
    EXPECT_GT(refused.error().retry_after->count(), 0);
    EXPECT_LE(refused.error().retry_after->count(), 1'000);
    EXPECT_EQ(w.store.appends, 3u);
    EXPECT_TRUE(w.say(other, "x")) << "each connection has its own allowance";
}

TEST_P(service_say, a_refused_message_costs_no_allowance) {
    auto bounds = chat_world::unlimited();
    bounds.rate_limited = true;
    bounds.rates.messages = {0.001, 1};
    chat_world w(GetParam(), bounds);
    auto& p = w.enter(0);
    ASSERT_TRUE(w.join(p, "Ann"));
    for (int i = 0; i < 5; ++i) expect_error(w.say(p, ""), errc::message_empty);
    EXPECT_TRUE(w.say(p, "the one"));
    expect_error(w.say(p, "two"), errc::rate_limited);
}

TEST_P(service_say, joins_typing_and_questions_have_their_own_allowances) {
    auto bounds = chat_world::unlimited();
    bounds.rate_limited = true;
    bounds.rates.joins = {0.001, 2};
    bounds.rates.typing = {0.001, 2};
    bounds.queries = {0.001, 2};
    chat_world w(GetParam(), bounds);
    auto& p = w.enter(0);
    ASSERT_TRUE(w.join(p, "Ann", "a"));
    ASSERT_TRUE(w.join(p, "Ann", "b"));
    expect_error(w.join(p, "Ann", "c"), errc::rate_limited);
    EXPECT_TRUE(w.typing(p, true, "a"));
    EXPECT_TRUE(w.typing(p, true, "a"));
    expect_error(w.typing(p, true, "a"), errc::rate_limited);
    EXPECT_TRUE(w.list(p));
    EXPECT_TRUE(w.history(p, {"a", {}, {}, 1}));
    expect_error(w.list(p), errc::rate_limited);
    expect_error(w.history(p, {"a", {}, {}, 1}), errc::rate_limited);
    EXPECT_TRUE(w.say(p, "still speaking", "a"));
}

// ---- A store that fails ----

TEST_P(service_say, what_cannot_be_stored_is_not_told_and_others_go_on) {
    world.store.failing_appends = true;
    const auto failed = world.say(ann, "lost");
    expect_error(failed, errc::store_unavailable);
    EXPECT_EQ(failed.error().message, "the disk is full");
    EXPECT_EQ(bob.take("message"), names{}) << "nobody hears what is not kept";
    EXPECT_TRUE(world.typing(bob, true)) << "the rest works";
    EXPECT_TRUE(world.list(bob));
    EXPECT_TRUE(world.join(world.enter(1), "Cleo"));
    world.store.failing_appends = false;
    EXPECT_EQ(world.say(ann, "kept").value().seq, 1u) << "no hole in the order";
    EXPECT_EQ(bob.take("message"), names{"message lobby 1 Ann: kept"});
}

}  // namespace
}  // namespace chatterlink::chat
