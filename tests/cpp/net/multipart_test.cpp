#include "net/multipart.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <random>

#include "support/vectors.hpp"

namespace chatterlink::net {
namespace {

using namespace std::string_literals;
using nlohmann::json;

constexpr std::string_view form = "multipart/form-data; boundary=b";

json vectors(const char* kind) {
    return json::parse(test::vector_file("multipart.json")).at(kind);
}

std::string field(const std::string& name, const std::string& body) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + body + "\r\n";
}

std::string refusal(const std::string& body, const multipart_limits& limits = {}) {
    const auto parsed = parse_multipart(form, body, limits);
    if (parsed.has_value()) return "accepted";
    EXPECT_EQ(parsed.error().code, base::errc::bad_request);
    return parsed.error().message;
}

TEST(multipart, reads_every_accepted_vector) {
    for (const json& vector : vectors("accepted")) {
        const auto body = vector.at("body").get<std::string>();
        const auto parsed = parse_multipart(vector.at("content_type").get<std::string>(), body);
        ASSERT_TRUE(parsed.has_value()) << vector.at("name") << ": " << parsed.error().message;
        json seen = json::array();
        for (const multipart_part& part : *parsed) {
            json one{{"name", part.name}, {"content_type", part.content_type}, {"body", part.body}};
            if (part.filename) one["filename"] = *part.filename;
            seen.push_back(std::move(one));
        }
        EXPECT_EQ(seen, vector.at("parts")) << vector.at("name");
    }
}

TEST(multipart, refuses_every_malformed_vector_with_its_reason) {
    for (const json& vector : vectors("refused")) {
        const auto parsed = parse_multipart(vector.at("content_type").get<std::string>(),
                                            vector.at("body").get<std::string>());
        ASSERT_TRUE(parsed.has_error()) << vector.at("name");
        EXPECT_EQ(parsed.error().code, base::errc::bad_request) << vector.at("name");
        EXPECT_NE(parsed.error().message.find(vector.at("error").get<std::string>()), std::string::npos)
            << vector.at("name") << ": " << parsed.error().message;
    }
}

TEST(multipart, does_not_copy_bodies) {
    const std::string body = field("a", std::string(1'000, 'x')) + "--b--";
    const auto parsed = parse_multipart(form, body);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at(0).body.data(), body.data() + body.find("xxx"));
}

TEST(multipart, keeps_every_byte_of_a_body) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    const std::string body = field("a", bytes + bytes) + "--b--";
    const auto parsed = parse_multipart(form, body);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at(0).body, bytes + bytes);
}

TEST(multipart, refuses_names_that_are_not_utf_8) {
    for (const auto* name : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                             "\xe0\x80\x80", "\xf0\x80\x80\x80"}) {
        EXPECT_NE(refusal(field(name, "") + "--b--").find("not UTF-8"), std::string::npos);
    }
    EXPECT_EQ(
        refusal(field("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbf", "") + "--b--"),
        "accepted");
}

TEST(multipart, refuses_more_parts_than_the_limit) {
    std::string body;
    for (int i = 0; i < 16; ++i) body += field("a", "");
    EXPECT_EQ(refusal(body + "--b--"), "accepted");
    EXPECT_NE(refusal(body + field("a", "") + "--b--").find("more than 16 parts"), std::string::npos);
    EXPECT_EQ(refusal(field("a", "") + "--b--", {.max_parts = 1}), "accepted");
    EXPECT_NE(refusal(field("a", "") + field("b", "") + "--b--", {.max_parts = 1}).find("more than 1 parts"),
              std::string::npos);
}

TEST(multipart, refuses_headers_longer_than_the_limit_to_the_byte) {
    const auto with_headers = [](std::size_t size) {
        std::string headers = "Content-Disposition: form-data; name=a\r\nX: ";
        headers += std::string(size - headers.size() - 2, 'x') + "\r\n";
        return "--b\r\n" + headers + "\r\nbody\r\n--b--";
    };
    EXPECT_EQ(refusal(with_headers(4096)), "accepted");
    EXPECT_NE(refusal(with_headers(4097)).find("too long"), std::string::npos);
    EXPECT_NE(refusal(with_headers(1'000'000)).find("too long"), std::string::npos);
    EXPECT_EQ(refusal(with_headers(100), {.max_header_bytes = 100}), "accepted");
    EXPECT_NE(refusal(with_headers(101), {.max_header_bytes = 100}).find("too long"), std::string::npos);
}

TEST(multipart, takes_linear_time_for_hostile_bodies) {
    const auto repeated = [](const std::string& what, std::size_t size) {
        std::string made;
        made.reserve(size + what.size());
        while (made.size() < size) made += what;
        return made;
    };
    const std::string boundary(70, 'b');
    const std::string type = "multipart/form-data; boundary=" + boundary;
    const std::string almost = "\r\n--" + boundary.substr(1);
    const std::string start = "--" + boundary + "\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    constexpr std::size_t size = 4'000'000;
    const auto begin = std::clock();
    for (const std::string& filler :
         {"\r"s, "\r\n"s, "-"s, "\r\n--"s, almost, almost + "\r\n"s, "b"s, " "s, "\0"s, ";"s, "\""s, "%"s}) {
        const std::string much = repeated(filler, size);
        EXPECT_FALSE(parse_multipart(type, much).has_value());
        EXPECT_FALSE(parse_multipart(type, start + much).has_value());
        EXPECT_FALSE(parse_multipart(type, "--" + boundary + much).has_value());
        const std::string whole = start + much + "\r\n--" + boundary + "--";
        EXPECT_TRUE(parse_multipart(type, whole).has_value()) << filler;
    }
    // Some 190 MB in all. At a quadratic step it would be hours; a slow machine under a sanitizer needs
    // seconds, of its own: whatever else runs there does not count.
    EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 300);
}

TEST(multipart, survives_damage_anywhere) {
    const std::string whole =
        field("a", "1") +
        "--b\r\nContent-Disposition: form-data; name=f; filename*=utf-8''%41; filename=\"a%22\"\r\n"
        "Content-Type: image/png\r\n\r\nbytes\r\n--b--\r\n";
    ASSERT_TRUE(parse_multipart(form, whole).has_value());
    for (std::size_t size = 0; size < whole.size() - 2; ++size) {
        EXPECT_FALSE(parse_multipart(form, std::string_view(whole).substr(0, size)).has_value()) << size;
    }
    std::mt19937 random(3);
    constexpr std::string_view alphabet = "\r\n-b:;=\"'%\\ \0a*";
    std::size_t accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged = whole;
        for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = alphabet[random() % alphabet.size()];
        const auto parsed = parse_multipart(form, damaged);
        if (parsed.has_error()) continue;
        ++accepted;
        for (const multipart_part& part : *parsed) {
            EXPECT_GE(part.body.data(), damaged.data());
            EXPECT_LE(part.body.data() + part.body.size(), damaged.data() + damaged.size());
        }
    }
    EXPECT_GT(accepted, 0u);
}

}  // namespace
}  // namespace chatterlink::net
