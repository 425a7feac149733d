#include "socketio/packet.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "support/vectors.hpp"

namespace chatterlink::socketio {
namespace {

const json& vectors() {
    static const json all = json::parse(test::vector_file("socketio.json"));
    return all;
}

packet_type type_of(const std::string& name) {
    const auto& types = vectors().at("types");
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i] == name) return static_cast<packet_type>(i);
    }
    throw std::runtime_error("no such type: " + name);
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::vector<std::string> attachments_of(const json& vector) {
    std::vector<std::string> all;
    for (const auto& each : vector.value("attachments", json::array())) all.push_back(from_hex(each));
    return all;
}

// {"$binary":[1,2]} anywhere in the vectors' data stands for a JSON binary.
json with_binaries(json value) {
    if (value.is_object() && value.contains("$binary")) {
        return json::binary(value["$binary"].get<std::vector<std::uint8_t>>());
    }
    if (value.is_structured()) {
        for (auto& inner : value) inner = with_binaries(inner);
    }
    return value;
}

TEST(socketio_packet, reads_every_packet_of_the_vectors) {
    for (const auto& v : vectors().at("packets")) {
        SCOPED_TRACE(v.at("name"));
        auto p = decode(v.at("text").get<std::string>());
        ASSERT_TRUE(p) << p.error().message;
        auto attachments = attachments_of(v);
        EXPECT_EQ(p->attachments, attachments.size());
        if (!attachments.empty()) {
            ASSERT_TRUE(restore_attachments(*p, attachments));
        }
        EXPECT_EQ(p->type, type_of(v.at("type")));
        EXPECT_EQ(p->nsp, v.at("nsp").get<std::string>());
        EXPECT_EQ(p->data, with_binaries(v.value("data", json())));
        EXPECT_EQ(p->id.has_value(), v.contains("id"));
        if (p->id && v.contains("id")) {
            EXPECT_EQ(*p->id, v.at("id").get<std::uint64_t>());
        }
    }
}

TEST(socketio_packet, writes_every_packet_of_the_vectors) {
    for (const auto& v : vectors().at("packets")) {
        if (v.value("decode_only", false)) continue;
        SCOPED_TRACE(v.at("name"));
        packet p;
        p.type = type_of(v.at("type"));
        p.nsp = v.at("nsp");
        p.data = with_binaries(v.value("data", json()));
        if (v.contains("id")) p.id = v.at("id").get<std::uint64_t>();
        // Binary types come about by themselves.
        if (p.type == packet_type::binary_event) p.type = packet_type::event;
        if (p.type == packet_type::binary_ack) p.type = packet_type::ack;
        const auto out = encode(p);
        EXPECT_EQ(out.text, v.at("text").get<std::string>());
        EXPECT_EQ(out.attachments, attachments_of(v));
    }
}

TEST(socketio_packet, refuses_every_malformed_packet_of_the_vectors) {
    for (const auto& v : vectors().at("malformed")) {
        const auto p = decode(v.at("text").get<std::string>());
        ASSERT_FALSE(p) << v.at("name");
        EXPECT_EQ(p.error().code, base::errc::bad_payload);
        EXPECT_FALSE(p.error().message.empty());
    }
}

TEST(socketio_packet, refuses_attachments_that_do_not_fit_their_placeholders) {
    for (const auto& v : vectors().at("malformed_attachments")) {
        auto p = decode(v.at("text").get<std::string>());
        ASSERT_TRUE(p) << v.at("name");
        auto attachments = attachments_of(v);
        const auto restored = restore_attachments(*p, attachments);
        ASSERT_FALSE(restored) << v.at("name");
        EXPECT_EQ(restored.error().code, base::errc::bad_payload);
    }
}

TEST(socketio_packet, ten_attachments_are_the_most) {
    std::string text = "510-[\"x\"";
    std::vector<std::string> attachments;
    for (int i = 0; i < 10; ++i) {
        text += ",{\"_placeholder\":true,\"num\":" + std::to_string(i) + "}";
        attachments.push_back(std::string(1, static_cast<char>(i)));
    }
    auto p = decode(text + "]");
    ASSERT_TRUE(p);
    EXPECT_TRUE(restore_attachments(*p, attachments));
    for (std::size_t i = 0; i < 10; ++i)
        EXPECT_EQ(p->data[i + 1].get_binary(), json::binary_t({static_cast<std::uint8_t>(i)}));
}

TEST(socketio_packet, binary_data_anywhere_in_the_arguments_survives_both_ways) {
    packet p;
    p.data = {"x",
              json::binary({1, 2}),
              {{"deep", {1, json::binary({}), {{"deeper", json::binary({0, 255})}}}}},
              "end"};
    const auto before = p.data;
    auto out = encode(p);
    ASSERT_EQ(out.attachments.size(), 3u);
    EXPECT_EQ(out.text[0], '5');
    auto back = decode(out.text);
    ASSERT_TRUE(back);
    ASSERT_TRUE(restore_attachments(*back, out.attachments));
    EXPECT_EQ(back->data, before);
}

TEST(socketio_packet, text_that_is_not_utf_8_is_written_with_replacements_not_thrown_out) {
    packet p;
    p.data = {"x", "broken \xff"};
    EXPECT_EQ(encode(p).text, "2[\"x\",\"broken \xef\xbf\xbd\"]");
}

TEST(socketio_packet, an_argument_that_is_text_already_makes_the_same_packet) {
    const json argument{{"é\"", {1, nullptr}}};
    const auto text = argument.dump();
    for (const std::string nsp : {"/", "/admin"}) {
        packet ack{packet_type::ack, nsp, 17, json::array({argument})};
        EXPECT_EQ(encode_ack(nsp, 17, text), encode(ack).text);
        packet event{packet_type::event, nsp, std::nullopt, json::array({"a\"b", argument})};
        EXPECT_EQ(encode_event(nsp, "a\"b", text), encode(event).text);
    }
}

TEST(socketio_packet, the_longest_namespace_is_taken) {
    const std::string nsp = "/" + std::string(max_namespace - 1, 'a');
    EXPECT_EQ(decode("0" + nsp + ",")->nsp, nsp);
    EXPECT_FALSE(decode("0" + nsp + "a,"));
    EXPECT_TRUE(decode("0" + nsp + "?query=" + std::string(1'000, 'q') + ","))
        << "the query is not a part of it";
}

TEST(socketio_packet, a_hundred_thousand_brackets_are_refused_at_once) {
    const auto before = base::steady_now();
    EXPECT_FALSE(decode("2" + std::string(100'000, '[')));
    EXPECT_FALSE(decode("2[\"x\"," + std::string(100'000, '{')));
    EXPECT_LT(base::steady_now() - before, base::milliseconds(2'000));
}

}  // namespace
}  // namespace chatterlink::socketio
