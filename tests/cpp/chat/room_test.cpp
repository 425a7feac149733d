#include "chat/room.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace chatterlink::chat {
namespace {

using namespace std::chrono_literals;
using base::errc;
using base::steady_time;
using names = std::vector<std::string>;

constexpr steady_time start{1h};

class room_of_members : public testing::Test {
  protected:
    base::result<std::string> enter(participant_id who, const std::string& username,
                                    const std::string& token = {}) {
        return r.enter(who, check_user_name(username).value(), base::shared_buffer::copy_of(token));
    }
    void expect_taken(participant_id who, const std::string& username, const std::string& token = {}) {
        const auto in = enter(who, username, token);
        ASSERT_FALSE(in) << username;
        EXPECT_EQ(in.error().code, errc::name_taken);
        EXPECT_NE(in.error().message.find(username), std::string::npos) << in.error().message;
    }
    void expect_presence(const names& joined, const names& left, std::size_t count) {
        const auto p = r.take_presence();
        EXPECT_EQ(p.room, "lobby");
        EXPECT_EQ(p.joined, joined);
        EXPECT_EQ(p.left, left);
        EXPECT_EQ(p.count, count);
        EXPECT_FALSE(r.presence_pending());
    }

    limits bounds;
    room r{"lobby", bounds};
};

// ---- Entering and leaving ----

TEST_F(room_of_members, is_empty_at_first) {
    EXPECT_TRUE(r.empty());
    EXPECT_EQ(r.count(), 0u);
    EXPECT_EQ(r.members(10)->names(), names{});
    EXPECT_FALSE(r.presence_pending());
    EXPECT_FALSE(r.anyone_typing());
}

TEST_F(room_of_members, lists_members_by_their_keys_up_to_a_limit) {
    for (const auto* each : {"Cleo", "anna", "Bob"})
        ASSERT_TRUE(enter(static_cast<participant_id>(each[0]), each));
    EXPECT_EQ(r.count(), 3u);
    EXPECT_EQ(r.members(10)->names(), (names{"anna", "Bob", "Cleo"}));
    EXPECT_EQ(r.members(2)->names(), (names{"anna", "Bob"}));
    EXPECT_EQ(r.members(0)->names(), names{});
}

TEST_F(room_of_members, lists_members_behind_a_key_whoever_has_it) {
    using page = std::pair<names, bool>;
    for (const auto* each : {"Cleo", "anna", "Bob"})
        ASSERT_TRUE(enter(static_cast<participant_id>(each[0]), each));
    EXPECT_EQ(r.members_after("", 2), (page{{"anna", "Bob"}, true}));
    EXPECT_EQ(r.members_after("bob", 2), (page{{"Cleo"}, false}));
    EXPECT_EQ(r.members_after("b", 1), (page{{"Bob"}, true})) << "nobody has that name";
    EXPECT_EQ(r.members_after("cleo", 2), (page{{}, false}));
    EXPECT_EQ(r.members_after("", 0), (page{{}, true}));
}

TEST_F(room_of_members, gives_one_list_to_all_until_a_name_in_it_changes) {
    for (participant_id i = 0; i < 10; ++i)
        ASSERT_TRUE(enter(i, std::string("user ") + static_cast<char>('a' + i)));
    const auto first = r.members(3);
    EXPECT_EQ(first->names(), (names{"user a", "user b", "user c"}));
    ASSERT_TRUE(enter(20, "user t"));
    r.leave(5);
    ASSERT_TRUE(enter(6, "zoe"));
    EXPECT_EQ(r.members(3), first) << "what changed stands behind it";

    ASSERT_TRUE(enter(21, "user aa"));
    EXPECT_EQ(r.members(3)->names(), (names{"user a", "user aa", "user b"}));
    r.leave(0);
    EXPECT_EQ(r.members(3)->names(), (names{"user aa", "user b", "user c"}));
    ASSERT_TRUE(enter(2, "USER C"));
    EXPECT_EQ(r.members(3)->names(), (names{"user aa", "user b", "USER C"}));
    EXPECT_EQ(first->names(), (names{"user a", "user b", "user c"})) << "who has a list keeps it";
}

// Whatever happens in a room, members() gives what a look at all of them gives.
TEST_F(room_of_members, lists_members_right_after_every_change) {
    std::mt19937 random(11);
    std::map<participant_id, std::string> model;
    for (int step = 0; step < 3'000; ++step) {
        const participant_id who = random() % 12;
        if (random() % 3 == 0) {
            r.leave(who);
            model.erase(who);
        } else {
            const auto name = std::string(1, "aAbBcCdDeEfFgGhH"[random() % 16]);
            if (const auto in = enter(who, name)) model[who] = *in;
        }
        std::map<std::string, std::string> by_key;
        for (const auto& [id, name] : model) by_key[check_user_name(name).value().key] = name;
        const std::size_t most = step % 5 == 0 ? 10 : 3;
        names expected;
        for (const auto& [key, name] : by_key) {
            if (expected.size() < most) expected.push_back(name);
        }
        ASSERT_EQ(r.members(most)->names(), expected) << "step " << step;
    }
}

TEST(name_list, has_its_names_as_json) {
    EXPECT_EQ(name_list({}).json(), "[]");
    const name_list list({"Ann", "\"Bob\"", "J\xc3\xb6rg"});
    EXPECT_EQ(list.json(), "[\"Ann\",\"\\\"Bob\\\"\",\"J\xc3\xb6rg\"]");
    EXPECT_EQ(&list.json(), &list.json()) << "made once";
}

TEST_F(room_of_members, a_name_in_use_is_taken_however_it_is_spelled) {
    ASSERT_TRUE(enter(1, "Anna", "secret-token-of-anna"));
    expect_taken(2, "Anna");
    expect_taken(2, "ANNA");
    EXPECT_EQ(r.count(), 1u);
    EXPECT_TRUE(enter(2, "Bert"));
}

TEST_F(room_of_members, the_name_is_free_again_when_its_member_is_gone) {
    ASSERT_TRUE(enter(1, "Anna"));
    r.leave(1);
    EXPECT_TRUE(r.empty());
    EXPECT_TRUE(enter(2, "Anna"));
    r.leave(1);  // long gone: nothing happens
    r.leave(99);
    EXPECT_EQ(r.count(), 1u);
}

TEST_F(room_of_members, the_same_connection_may_enter_again) {
    ASSERT_TRUE(enter(1, "Anna"));
    ASSERT_TRUE(enter(1, "Anna"));
    EXPECT_EQ(r.count(), 1u);
    r.leave(1);
    EXPECT_TRUE(r.empty()) << "entering twice is not being there twice";
}

TEST_F(room_of_members, another_name_renames) {
    ASSERT_TRUE(enter(1, "Anna"));
    r.take_presence();
    ASSERT_TRUE(enter(1, "Berta"));
    EXPECT_EQ(r.members(10)->names(), names{"Berta"});
    expect_presence({"Berta"}, {"Anna"}, 1);
    EXPECT_TRUE(enter(2, "Anna")) << "the old name is free";
}

TEST_F(room_of_members, a_rename_to_a_taken_name_changes_nothing) {
    ASSERT_TRUE(enter(1, "Anna"));
    ASSERT_TRUE(enter(2, "Bert"));
    r.take_presence();
    expect_taken(1, "Bert");
    EXPECT_EQ(r.members(10)->names(), (names{"Anna", "Bert"}));
    EXPECT_FALSE(r.presence_pending());
}

TEST_F(room_of_members, alone_under_its_name_a_connection_may_respell_it) {
    ASSERT_TRUE(enter(1, "Anna"));
    r.take_presence();
    EXPECT_EQ(enter(1, "anna").value(), "anna");
    EXPECT_EQ(r.members(10)->names(), names{"anna"});
    expect_presence({"anna"}, {"Anna"}, 1);
}

// ---- One member with several connections ----

TEST_F(room_of_members, with_the_token_another_connection_is_the_same_member) {
    ASSERT_TRUE(enter(1, "Anna", "secret-token-of-anna"));
    r.take_presence();
    ASSERT_TRUE(enter(2, "Anna", "secret-token-of-anna"));
    EXPECT_EQ(r.count(), 1u);
    EXPECT_FALSE(r.presence_pending()) << "nobody came";
    r.leave(1);  // the ghost of the old connection ends at last
    EXPECT_EQ(r.members(10)->names(), names{"Anna"});
    EXPECT_FALSE(r.presence_pending()) << "nobody left";
    r.leave(2);
    EXPECT_TRUE(r.empty());
}

TEST_F(room_of_members, a_wrong_or_missing_token_opens_nothing) {
    ASSERT_TRUE(enter(1, "Anna", "secret-token-of-anna"));
    expect_taken(2, "Anna", "secret-token-of-annb");
    expect_taken(2, "Anna", "secret-token-of-ann");
    expect_taken(2, "Anna", "secret-token-of-anna-and-more");
    expect_taken(2, "Anna", "");
    ASSERT_TRUE(enter(3, "Bert", ""));
    expect_taken(4, "Bert", "");  // no token is not everybody's token
}

TEST_F(room_of_members, who_has_no_token_shares_its_name_with_nobody) {
    const auto anna = check_user_name("Anna").value();
    ASSERT_TRUE(r.enter(1, anna, nullptr));
    EXPECT_FALSE(r.enter(2, anna, nullptr));
    EXPECT_FALSE(r.enter(2, anna, base::shared_buffer::copy_of("")));
    EXPECT_TRUE(r.enter(1, anna, nullptr)) << "itself again";
}

TEST_F(room_of_members, a_member_with_several_connections_has_one_spelling) {
    ASSERT_TRUE(enter(1, "Anna", "secret-token-of-anna"));
    EXPECT_EQ(enter(2, "ANNA", "secret-token-of-anna").value(), "Anna") << "as the room knows her";
    EXPECT_EQ(enter(1, "anna", "secret-token-of-anna").value(), "Anna");
    EXPECT_EQ(r.members(10)->names(), names{"Anna"});
}

// ---- Presence ----

TEST_F(room_of_members, presence_tells_who_came_and_went_since_the_last_time) {
    ASSERT_TRUE(enter(1, "Anna"));
    ASSERT_TRUE(enter(2, "Bert"));
    EXPECT_TRUE(r.presence_pending());
    expect_presence({"Anna", "Bert"}, {}, 2);
    ASSERT_TRUE(enter(3, "Cleo"));
    r.leave(1);
    expect_presence({"Cleo"}, {"Anna"}, 2);
    expect_presence({}, {}, 2);
}

TEST_F(room_of_members, who_came_and_went_in_between_is_not_told) {
    ASSERT_TRUE(enter(1, "Anna"));
    r.leave(1);
    EXPECT_FALSE(r.presence_pending());
    ASSERT_TRUE(enter(2, "Bert"));
    r.take_presence();
    r.leave(2);
    ASSERT_TRUE(enter(3, "Bert"));  // a reload of the page
    EXPECT_FALSE(r.presence_pending());
    ASSERT_TRUE(enter(3, "Cleo"));
    ASSERT_TRUE(enter(3, "Bert"));
    EXPECT_FALSE(r.presence_pending());
}

TEST_F(room_of_members, presence_names_are_cut_short_but_the_count_is_right) {
    bounds.presence_names = 5;
    for (participant_id i = 0; i < 100; ++i) ASSERT_TRUE(enter(i, "user " + std::to_string(i)));
    auto p = r.take_presence();
    EXPECT_EQ(p.joined.size(), 5u);
    EXPECT_EQ(p.count, 100u);
    for (participant_id i = 0; i < 50; ++i) r.leave(i);
    p = r.take_presence();
    EXPECT_EQ(p.left.size(), 5u);
    EXPECT_EQ(p.count, 50u);
    EXPECT_FALSE(r.presence_pending()) << "names left out do not come later";
}

// ---- Typing ----

TEST_F(room_of_members, typing_says_who_types_now) {
    ASSERT_TRUE(enter(1, "Anna"));
    ASSERT_TRUE(enter(2, "Bert"));
    EXPECT_TRUE(r.set_typing(1, true, start));
    EXPECT_FALSE(r.set_typing(1, true, start)) << "again: no change to tell";
    EXPECT_TRUE(r.set_typing(2, true, start));
    EXPECT_EQ(r.typing_event().room, "lobby");
    EXPECT_EQ(r.typing_event().usernames, (names{"Anna", "Bert"}));
    EXPECT_TRUE(r.set_typing(1, false, start));
    EXPECT_FALSE(r.set_typing(1, false, start));
    EXPECT_EQ(r.typing_event().usernames, names{"Bert"});
}

TEST_F(room_of_members, a_stranger_does_not_type) {
    EXPECT_FALSE(r.set_typing(7, true, start));
    EXPECT_FALSE(r.anyone_typing());
}

TEST_F(room_of_members, typing_expires_after_its_last_sign) {
    bounds.typing_expiry = 6s;
    ASSERT_TRUE(enter(1, "Anna"));
    ASSERT_TRUE(enter(2, "Bert"));
    r.set_typing(1, true, start);
    r.set_typing(2, true, start);
    r.set_typing(2, true, start + 4s);
    EXPECT_FALSE(r.expire_typing(start + 5'999ms));
    EXPECT_TRUE(r.expire_typing(start + 6s));
    EXPECT_EQ(r.typing_event().usernames, names{"Bert"});
    EXPECT_FALSE(r.expire_typing(start + 9'999ms));
    EXPECT_TRUE(r.expire_typing(start + 10s));
    EXPECT_FALSE(r.anyone_typing());
}

TEST_F(room_of_members, who_leaves_types_no_more) {
    ASSERT_TRUE(enter(1, "Anna"));
    r.set_typing(1, true, start);
    r.leave(1);
    EXPECT_FALSE(r.anyone_typing());
    EXPECT_EQ(r.typing_event().usernames, names{});
}

TEST_F(room_of_members, typing_names_are_cut_short) {
    bounds.typing_names = 3;
    for (participant_id i = 0; i < 10; ++i) {
        ASSERT_TRUE(enter(i, "user " + std::to_string(i)));
        r.set_typing(i, true, start);
    }
    EXPECT_EQ(r.typing_event().usernames.size(), 3u);
}

}  // namespace
}  // namespace chatterlink::chat
