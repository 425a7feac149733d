#include "chat/names.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/vectors.hpp"

namespace chatterlink::chat {
namespace {

using nlohmann::json;

const json& name_vectors() {
    static const json parsed = json::parse(test::vector_file("names.json"));
    return parsed;
}

std::string input_of(const json& vector) {
    if (vector.contains("input")) return vector["input"];
    std::string out;
    if (vector.contains("repeat")) {
        const std::string text = vector["repeat"]["text"];
        for (int i = vector["repeat"]["times"]; i > 0; --i) out += text;
        return out;
    }
    const std::string hex = vector.at("input_hex");
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return out;
}

using checker = base::result<name> (*)(std::string_view);

void expect_vectors(const char* list, checker check) {
    ASSERT_GE(name_vectors().at(list).size(), 20u);
    for (const auto& vector : name_vectors().at(list)) {
        const std::string input = input_of(vector);
        const auto checked = check(input);
        if (vector.contains("code")) {
            ASSERT_TRUE(checked.has_error()) << vector.dump();
            EXPECT_EQ(base::code_name(checked.error().code), vector["code"].get<std::string>())
                << vector.dump();
            EXPECT_TRUE(checked.error().message.ends_with('.')) << checked.error().message;
            continue;
        }
        ASSERT_TRUE(checked.has_value()) << vector.dump() << " " << checked.error().message;
        EXPECT_EQ(checked->display,
                  vector.contains("display") ? vector["display"].get<std::string>() : input);
        EXPECT_FALSE(checked->key.empty()) << vector.dump();
        // Joining again under the name one was given must not change it.
        const auto again = check(checked->display);
        ASSERT_TRUE(again.has_value()) << vector.dump();
        EXPECT_EQ(*again, *checked) << vector.dump();
    }
}

TEST(names, user_names_are_taken_or_refused_as_the_vectors_say) {
    expect_vectors("user_names", check_user_name);
}

TEST(names, room_names_are_taken_or_refused_as_the_vectors_say) {
    expect_vectors("room_names", check_room_name);
}

TEST(names, look_alikes_share_a_key_and_different_names_do_not) {
    const auto key = [](const json& text) {
        const auto checked = check_room_name(text.get<std::string>());
        EXPECT_TRUE(checked.has_value()) << text.dump();
        return checked ? checked->key : text.get<std::string>();
    };
    ASSERT_GE(name_vectors().at("same_key").size(), 20u);
    for (const auto& pair : name_vectors()["same_key"]) EXPECT_EQ(key(pair[0]), key(pair[1])) << pair.dump();
    ASSERT_GE(name_vectors().at("different_key").size(), 5u);
    for (const auto& pair : name_vectors()["different_key"])
        EXPECT_NE(key(pair[0]), key(pair[1])) << pair.dump();
}

TEST(names, the_short_way_for_ascii_gives_the_key_icu_gives) {
    const std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    std::mt19937 random(7);
    const auto expect_same = [](const std::string& input) {
        const auto checked = check_room_name(input);
        ASSERT_TRUE(checked.has_value()) << input;
        const auto by_icu = detail::key_by_icu(checked->display);
        ASSERT_TRUE(by_icu.has_value()) << input;
        EXPECT_EQ(checked->key, *by_icu) << input;
    };
    for (const char one : letters) {
        expect_same(std::string(1, one));
        for (const char two : letters) {
            expect_same({one, two});
            expect_same({one, ' ', two});
        }
    }
    for (int i = 0; i < 20'000; ++i) {
        std::string input;
        for (auto length = random() % max_room_name + 1; length > 0; --length) {
            input += random() % 12 == 0 ? ' ' : letters[random() % letters.size()];
        }
        if (input.find_first_not_of(' ') == std::string::npos) continue;
        expect_same(input);
    }
}

TEST(names, every_ascii_character_gives_the_same_key_alone_and_within_unicode_text) {
    // Appending a character that needs ICU sends the whole name the long way; the rest of the key must not
    // change.
    const auto tail = check_room_name("é");
    ASSERT_TRUE(tail.has_value());
    for (char c = '!'; c < 0x7f; ++c) {
        if (c == '/' || c == '\\' || c == '#') continue;
        const auto plain = check_room_name(std::string("x") + c + "x");
        const auto mixed = check_room_name(std::string("x") + c + "xé");
        ASSERT_TRUE(plain.has_value() && mixed.has_value()) << c;
        EXPECT_EQ(plain->key + tail->key, mixed->key) << c;
    }
}

TEST(names, a_random_run_of_bytes_is_taken_or_refused_and_what_is_taken_stays_the_same) {
    std::mt19937 random(11);
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string input;
        for (auto length = random() % 12 + 1; length > 0; --length) {
            if (random() % 3 == 0) {
                input += static_cast<char>(random() % 256);
            } else {
                input += static_cast<char>('a' + random() % 26);
            }
        }
        const auto checked = check_user_name(input);
        if (!checked) continue;
        ++taken;
        const auto again = check_user_name(checked->display);
        ASSERT_TRUE(again.has_value()) << input;
        EXPECT_EQ(*again, *checked) << input;
    }
    EXPECT_GT(taken, 100);
}

TEST(names, every_code_point_alone_stays_the_same_when_checked_again) {
    for (char32_t c = 1; c <= 0x10FFFF; c += (c < 0x3000 ? 1 : 7)) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        std::string input = "x";  // something for a mark to sit on
        if (c < 0x80) {
            input += static_cast<char>(c);
        } else if (c < 0x800) {
            input += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
        } else if (c < 0x10000) {
            input += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                      static_cast<char>(0x80 | (c & 0x3F))};
        } else {
            input += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
                      static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
        }
        const auto checked = check_room_name(input);
        if (!checked) continue;
        const auto again = check_room_name(checked->display);
        ASSERT_TRUE(again.has_value()) << std::hex << std::uint32_t(c);
        ASSERT_EQ(*again, *checked) << std::hex << std::uint32_t(c);
    }
}

TEST(names, eight_threads_may_check_at_once) {
    const auto expected = check_user_name("Иван Петров");
    ASSERT_TRUE(expected.has_value());
    std::vector<int> wrong(8);
    std::vector<std::thread> threads;
    for (int& count : wrong) {
        threads.emplace_back([&count, &expected] {
            for (int i = 0; i < 500; ++i) {
                const auto checked = check_user_name("Иван Петров");
                count += !checked || !(*checked == *expected);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(8));
}

}  // namespace
}  // namespace chatterlink::chat
