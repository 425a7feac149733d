// The shapes of the wire contract (docs/protocol.md), field by field.
#include "gateways/chat_json.hpp"

#include <gtest/gtest.h>

namespace chatterlink::gateways {
namespace {

using namespace std::chrono_literals;

const chat::upload picture{.name = "01HF.png",
                           .original = "<cat>.png",
                           .type = "image/png",
                           .size = 1234,
                           .width = 640,
                           .height = 480,
                           .thumbnail = "01HF-s.webp"};

chat::message plain_message() {
    chat::message m;
    m.id = "01HF";
    m.room = "lobby";
    m.seq = 7;
    m.username = "Ann";
    m.text = "<b>hello</b>";
    m.timestamp = 1'700'000'000'123;
    return m;
}

TEST(chat_json, an_upload_has_addresses_not_paths) {
    EXPECT_EQ(to_json(picture), (json{{"url", "/uploads/01HF.png"},
                                      {"name", "<cat>.png"},
                                      {"type", "image/png"},
                                      {"size", 1234},
                                      {"width", 640},
                                      {"height", 480},
                                      {"thumbnail", "/uploads/01HF-s.webp"}}));
    auto without = picture;
    without.thumbnail.clear();
    EXPECT_FALSE(to_json(without).contains("thumbnail"));
}

// As a client reads it. Its members stand in the order in which the library would print them.
json read(const std::string& text) {
    const auto value = json::parse(text);
    EXPECT_EQ(base::dump_json(value), text);
    return value;
}

TEST(chat_json, a_message_has_its_fields_and_optional_ones_only_when_set) {
    auto m = plain_message();
    EXPECT_EQ(read(json_text(m)), (json{{"id", "01HF"},
                                        {"seq", 7},
                                        {"room", "lobby"},
                                        {"username", "Ann"},
                                        {"message", "<b>hello</b>"},
                                        {"timestamp", 1'700'000'000'123}}));
    m.client_id = "c";
    m.reply_to = "01HE";
    m.attachments = {picture, picture};
    const auto full = read(json_text(m));
    EXPECT_EQ(full["client_id"], "c");
    EXPECT_EQ(full["reply_to"], "01HE");
    EXPECT_EQ(full["attachments"], (json{to_json(picture), to_json(picture)}));
    EXPECT_EQ(full.size(), 9u);
}

TEST(chat_json, what_people_write_cannot_leave_its_string) {
    auto m = plain_message();
    m.username = "\"Ann\\";
    m.text = "\",\"username\":\"Bob\n\xff";
    m.client_id = "}]";
    const auto seen = read(json_text(m));
    EXPECT_EQ(seen["username"], m.username);
    EXPECT_EQ(seen["message"], "\",\"username\":\"Bob\n\xef\xbf\xbd");
    EXPECT_EQ(seen["client_id"], "}]");
    EXPECT_EQ(seen.size(), 7u);
}

TEST(chat_json, a_stored_message_is_answered_with_its_place) {
    EXPECT_EQ(read(success_text(chat::said{"01HF", 7, 1'700'000'000'123})),
              (json{{"ok", true}, {"id", "01HF"}, {"seq", 7}, {"timestamp", 1'700'000'000'123}}));
}

TEST(chat_json, a_page_of_history_says_whether_there_is_more) {
    const chat::history_page page{{plain_message(), plain_message()}, true, 9};
    const auto message = read(json_text(plain_message()));
    EXPECT_EQ(read(success_text(page)),
              (json{{"ok", true}, {"messages", {message, message}}, {"more", true}, {"last_seq", 9}}));
    EXPECT_EQ(read(success_text(chat::history_page{})),
              (json{{"ok", true}, {"messages", json::array()}, {"more", false}, {"last_seq", 0}}));
}

TEST(chat_json, a_page_of_members_says_whose_it_is_and_whether_there_is_more) {
    EXPECT_EQ(
        read(success_text(chat::members_page{"lobby", {"Ann", "\"Bob\""}, true, 9})),
        (json{
            {"ok", true}, {"room", "lobby"}, {"members", {"Ann", "\"Bob\""}}, {"more", true}, {"count", 9}}));
    EXPECT_EQ(read(success_text(chat::members_page{"x", {}, false, 0}))["members"], json::array());
}

TEST(chat_json, a_join_is_answered_with_everything_the_page_needs) {
    const auto members = std::make_shared<const chat::name_list>(std::vector<std::string>{"Ann", "\"Bob\""});
    const chat::joined j{"Ann", "lobby", "secret", members, 2, {{plain_message()}, true, 7}};
    EXPECT_EQ(read(success_text(j)), (json{{"ok", true},
                                           {"you", "Ann"},
                                           {"room", "lobby"},
                                           {"token", "secret"},
                                           {"members", {"Ann", "\"Bob\""}},
                                           {"count", 2},
                                           {"history", {read(json_text(plain_message()))}},
                                           {"more", true},
                                           {"last_seq", 7}}));
}

TEST(chat_json, presence_and_typing_always_have_their_lists) {
    EXPECT_EQ(to_json(chat::presence{"lobby", {"Ann"}, {}, 3}),
              (json{{"room", "lobby"}, {"joined", {"Ann"}}, {"left", json::array()}, {"count", 3}}));
    EXPECT_EQ(to_json(chat::typing{"lobby", {}}), (json{{"room", "lobby"}, {"usernames", json::array()}}));
}

TEST(chat_json, errors_carry_code_sentence_and_when_to_retry) {
    EXPECT_EQ(failure(base::fail(base::errc::name_taken, "taken")),
              (json{{"ok", false}, {"error", {{"code", "name_taken"}, {"message", "taken"}}}}));
    EXPECT_EQ(to_json(base::error{base::errc::rate_limited, "slow down", 250ms}),
              (json{{"code", "rate_limited"}, {"message", "slow down"}, {"retry_after_ms", 250}}));
}

TEST(chat_json, success_adds_ok_to_what_there_is) {
    EXPECT_EQ(success(), (json{{"ok", true}}));
    EXPECT_EQ(success({{"seq", 1}}), (json{{"ok", true}, {"seq", 1}}));
}

TEST(chat_json, upload_addresses_go_both_ways_and_others_name_nothing) {
    EXPECT_EQ(upload_name(upload_url("01HF.png")), "01HF.png");
    for (const auto* url :
         {"", "/uploads", "/uploads/", "01HF.png", "/upload/x", "http://evil.example/uploads/x", "uploads/x"})
        EXPECT_EQ(upload_name(url), "") << url;
}

}  // namespace
}  // namespace chatterlink::gateways
