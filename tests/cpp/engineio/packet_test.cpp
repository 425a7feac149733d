#include "engineio/packet.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "support/vectors.hpp"

namespace chatterlink::engineio {
namespace {

using base::json;
using namespace std::string_literals;

const json& vectors() {
    static const json all = json::parse(test::vector_file("engineio.json"));
    return all;
}

packet_type type_of(const std::string& name) {
    const auto& types = vectors().at("types");
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i] == name) return static_cast<packet_type>(i);
    }
    throw std::runtime_error("no such type: " + name);
}

TEST(engineio_packet, reads_every_packet_of_the_vectors) {
    for (const auto& v : vectors().at("packets")) {
        const auto text = v.at("text").get<std::string>();
        const auto p = decode_text(text);
        ASSERT_TRUE(p.has_value()) << v.at("name");
        EXPECT_EQ(p->type, type_of(v.at("type"))) << v.at("name");
        EXPECT_EQ(p->bytes(), v.at("data").get<std::string>()) << v.at("name");
        EXPECT_FALSE(p->binary);
    }
}

TEST(engineio_packet, writes_every_packet_of_the_vectors) {
    for (const auto& v : vectors().at("packets")) {
        std::string payload;
        append_text(payload, type_of(v.at("type")), v.at("data").get<std::string>());
        EXPECT_EQ(payload, v.at("text").get<std::string>()) << v.at("name");
    }
}

TEST(engineio_packet, refuses_every_malformed_packet_of_the_vectors) {
    for (const auto& v : vectors().at("malformed_packets"))
        EXPECT_FALSE(decode_text(v.get<std::string>()).has_value()) << v;
}

TEST(engineio_packet, reads_and_writes_every_payload_of_the_vectors) {
    for (const auto& v : vectors().at("payloads")) {
        SCOPED_TRACE(v.at("name"));
        const auto payload = v.at("payload").get<std::string>();
        const auto packets = decode_payload(payload);
        ASSERT_TRUE(packets.has_value());
        const auto& expected = v.at("packets");
        ASSERT_EQ(packets->size(), expected.size());
        std::string again;
        for (std::size_t i = 0; i < packets->size(); ++i) {
            const auto& p = (*packets)[i];
            if (expected[i].contains("base64")) {
                EXPECT_TRUE(p.binary);
                EXPECT_EQ(p.type, packet_type::message);
                append_binary(again, p.bytes());
            } else {
                EXPECT_FALSE(p.binary);
                EXPECT_EQ(p.type, type_of(expected[i].at("type")));
                EXPECT_EQ(p.bytes(), expected[i].at("data").get<std::string>());
                append_text(again, p.type, p.bytes());
            }
        }
        if (!v.value("decode_only", false)) {
            EXPECT_EQ(again, payload);
        }
    }
}

TEST(engineio_packet, refuses_every_malformed_payload_of_the_vectors) {
    for (const auto& v : vectors().at("malformed_payloads"))
        EXPECT_FALSE(decode_payload(v.at("payload").get<std::string>()).has_value()) << v.at("name");
}

TEST(engineio_packet, binary_data_comes_back_byte_for_byte) {
    std::string all;
    for (int i = 0; i < 1'000; ++i) {
        std::string payload;
        append_binary(payload, all);
        const auto packets = decode_payload(payload);
        ASSERT_TRUE(packets.has_value()) << i;
        ASSERT_EQ(packets->front().bytes(), all);
        ASSERT_EQ(payload.find('\0'), std::string::npos);
        all.push_back(static_cast<char>(i));
    }
}

TEST(engineio_packet, encoded_packets_are_joined_with_separators) {
    std::string payload;
    append_encoded(payload, "4one");
    append_encoded(payload, "2");
    append_binary(payload, "\x01");
    EXPECT_EQ(payload,
              "4one\x1e"
              "2\x1e"
              "bAQ==");
}

TEST(engineio_packet, one_payload_may_not_hold_more_than_a_thousand_packets) {
    std::string payload = "4";
    for (std::size_t i = 1; i < max_packets_in_payload; ++i)
        payload +=
            "\x1e"
            "4";
    ASSERT_TRUE(decode_payload(payload).has_value());
    EXPECT_EQ(decode_payload(payload)->size(), max_packets_in_payload);
    EXPECT_FALSE(decode_payload(payload + "\x1e"
                                          "4")
                     .has_value());
}

TEST(engineio_packet, nul_and_invalid_utf_8_are_just_bytes_here) {
    const auto text = "4a\0\xff"s;
    EXPECT_EQ(decode_payload(text)->front().bytes(), "a\0\xff"s);
}

}  // namespace
}  // namespace chatterlink::engineio
