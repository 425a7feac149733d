#include "load/message_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::load {
namespace {

constexpr text_fields some{0x12AB, 0x89ABCDEF, 0x0123456789ABCDEF};

std::string written(message_text& text, const text_fields& fields) {
    return std::string(text.write(fields));
}

TEST(message_text, is_of_the_size_asked_for_and_holds_nothing_that_json_escapes) {
    for (const std::size_t size : {36UL, 37UL, 100UL, 5000UL}) {
        message_text text(0xBEEF, size);
        const auto sample = written(text, some);
        EXPECT_EQ(sample.size(), size);
        EXPECT_EQ(sample.substr(0, 36), "cLb:beef12ab89abcdef0123456789abcdef");
        EXPECT_EQ(sample.find_first_of("\"\\<>&\n"), std::string::npos);
    }
}

TEST(message_text, comes_out_of_whatever_is_wrapped_around_it) {
    message_text text(7, 100);
    const auto sample = written(text, some);
    for (const std::string before :
         {"", R"(["message",{"id":"x","message":")", "123456789", "c", "cLb:", ""}) {
        for (const std::string behind : {"", "\"}]", "\r"}) {
            bool intact = false;
            const auto found = text.read(before + sample + behind, intact);
            ASSERT_TRUE(found) << before;
            EXPECT_EQ(*found, some);
            EXPECT_TRUE(intact);
        }
    }
}

TEST(message_text, every_digit_of_every_field_counts) {
    message_text text(7, 40);
    for (unsigned bit = 0; bit < 63; ++bit) {
        const text_fields fields{1U << (bit % 16), 1U << (bit % 32), nanoseconds{1} << bit};
        bool intact = false;
        EXPECT_EQ(text.read(written(text, fields), intact), fields) << bit;
    }
}

TEST(message_text, of_another_run_is_none) {
    message_text mine(7, 100);
    message_text theirs(8, 100);
    bool intact = true;
    EXPECT_FALSE(mine.read(written(theirs, some), intact));
    EXPECT_FALSE(mine.read("", intact));
    EXPECT_FALSE(mine.read(R"(["presence",{"room":"bench","joined":["a"]}])", intact));
}

TEST(message_text, shows_damage_and_cuts) {
    message_text text(7, 100);
    auto sample = written(text, some);
    bool intact = true;
    ASSERT_TRUE(text.read(sample.substr(0, 99), intact));
    EXPECT_FALSE(intact);
    ASSERT_TRUE(text.read(sample.substr(0, 8), intact));
    EXPECT_FALSE(intact);
    sample[70] = ',';
    ASSERT_TRUE(text.read(sample, intact));
    EXPECT_FALSE(intact);
}

}  // namespace
}  // namespace chatterlink::load
