// The MessagePack parser: whole packets in binary messages, by the same rules as text.
#include "socketio/msgpack.hpp"

#include <gtest/gtest.h>

#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

std::string packed(const json& value) {
    const auto bytes = json::to_msgpack(value);
    return {bytes.begin(), bytes.end()};
}

TEST(socketio_msgpack, every_packet_comes_back_as_it_was) {
    for (const auto& p :
         {packet{packet_type::connect, "/", {}, {}, 0},
          packet{packet_type::connect, "/admin", {}, json{{"token", "123"}}, 0},
          packet{packet_type::disconnect, "/admin", {}, {}, 0},
          packet{packet_type::event, "/", 12, json{"x", json::binary({1, 2}), {{"y", -1.5}}}, 0},
          packet{packet_type::ack, "/a,b", 0, json::array(), 0},
          packet{packet_type::connect_error, "/", {}, json{{"message", "no"}}, 0}}) {
        const auto back = decode_msgpack(encode_msgpack(p));
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->type, p.type);
        EXPECT_EQ(back->nsp, p.nsp);
        EXPECT_EQ(back->id, p.id);
        EXPECT_EQ(back->data, p.data);
        EXPECT_EQ(back->attachments, 0u);
    }
}

TEST(socketio_msgpack, other_fields_are_ignored_and_undefined_is_nothing) {
    // {"type":0,"data":undefined,"id":undefined,"nsp":"/","options":{"compress":true}}, as the client writes
    // it.
    const std::string sent = "\x85\xa4type" + std::string(1, '\0') + "\xa4" + "data\xd4" +
                             std::string(2, '\0') + "\xa2id\xd4" + std::string(2, '\0') + "\xa3nsp\xa1/" +
                             "\xa7options\x81\xa8" + "compress\xc3";
    const auto p = decode_msgpack(sent);
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->type, packet_type::connect);
    EXPECT_TRUE(p->data.is_null());
    EXPECT_FALSE(p->id);
}

TEST(socketio_msgpack, refuses_what_breaks_the_protocols_rules) {
    const json good{{"type", 2}, {"nsp", "/"}, {"data", {"x"}}};
    ASSERT_TRUE(decode_msgpack(packed(good)));
    const auto changed = [&](const char* field, const json& value) {
        auto bad = good;
        bad[field] = value;
        return decode_msgpack(packed(bad));
    };
    for (const json& type : {json(5), json(6), json(-1), json("2"), json(2.0), json(nullptr)})
        EXPECT_FALSE(changed("type", type)) << type;
    for (const json& nsp :
         {json(nullptr), json(1), json(""), json("admin"), json("/" + std::string(256, 'a'))})
        EXPECT_FALSE(changed("nsp", nsp)) << nsp;
    for (const json& data :
         {json(nullptr), json::array(), json{{"x", 1}}, json("x"), json{{1}}, json{"connect"}})
        EXPECT_FALSE(changed("data", data)) << data;
    for (const json& id : {json(-1), json("1"), json(1.5), json(true)}) EXPECT_FALSE(changed("id", id)) << id;
    EXPECT_FALSE(decode_msgpack(packed(json::array({2, "/"}))));
    EXPECT_FALSE(decode_msgpack(""));
    EXPECT_FALSE(decode_msgpack("2[\"x\"]"));
    EXPECT_FALSE(decode_msgpack(packed(good) + "x")) << "something behind it";
    EXPECT_FALSE(decode_msgpack(packed({{"type", 3}, {"nsp", "/"}, {"data", json::array()}}))) << "no id";
    EXPECT_FALSE(decode_msgpack(packed({{"type", 0}, {"nsp", "/"}, {"data", "x"}})));
    EXPECT_FALSE(decode_msgpack(packed({{"type", 1}, {"nsp", "/"}, {"data", "x"}})));
    EXPECT_FALSE(decode_msgpack(packed({{"type", 4}, {"nsp", "/"}})));
}

TEST(socketio_msgpack, is_spoken_by_a_server_that_is_told_to_in_both_directions) {
    test::world world(2, {.wire = parser::msgpack, .recovery = {.enabled = true}});
    auto c = world.open();
    const auto read = [&] {
        const auto m = c.wire.ws_read();
        EXPECT_EQ(m.opcode, 0x2u);
        return base::parse_msgpack(m.payload).value();
    };
    c.wire.ws_binary(packed({{"type", 0}, {"nsp", "/"}}));
    const auto answer = read();
    EXPECT_EQ(answer.at("type"), 0);
    const auto sid = answer.at("data").at("sid").get<std::string>();
    EXPECT_TRUE(answer.at("data").contains("pid"));
    c.wire.ws_binary(packed({{"type", 2}, {"nsp", "/"}, {"id", 7}, {"data", {"x", json::binary({1})}}}));
    EXPECT_EQ(read(), (json{{"type", 3}, {"nsp", "/"}, {"id", 7}, {"data", {json::binary({1})}}}));
    world.server().emit({.rooms = {sid}}, "y", {json::binary({2, 3})});
    const auto event = read();
    EXPECT_EQ(event.at("data").at(1), json::binary({2, 3}));
    EXPECT_TRUE(event.at("data").at(2).is_string()) << "the offset";
    std::promise<json> heard;
    world.server().emit_to("/", sid, "q", json::array(), {.on_ack = [&](ack_outcome, json arguments) {
                               heard.set_value(std::move(arguments));
                           }});
    c.wire.ws_binary(
        packed({{"type", 3}, {"nsp", "/"}, {"id", read().at("id")}, {"data", {json::binary({9})}}}));
    EXPECT_EQ(heard.get_future().get(), json::array({json::binary({9})}));
    c.wire.ws_text("42[\"text\"]");
    EXPECT_EQ(c.wire.ws_read().opcode, 0x8u);
}

}  // namespace
}  // namespace chatterlink::socketio
