#include "net/websocket_deflate.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "net/websocket_frame.hpp"

namespace chatterlink::net {
namespace {

deflate_settings on() {
    deflate_settings how;
    how.enabled = true;
    return how;
}

// What was compressed since it was made.
class counting {
  public:
    std::uint64_t deflated() const { return deflate_counts().deflated - deflated_; }
    std::uint64_t bytes_in() const { return deflate_counts().deflate_bytes_in - in_; }
    std::uint64_t bytes_out() const { return deflate_counts().deflate_bytes_out - out_; }

  private:
    std::uint64_t deflated_ = deflate_counts().deflated;
    std::uint64_t in_ = deflate_counts().deflate_bytes_in;
    std::uint64_t out_ = deflate_counts().deflate_bytes_out;
};

base::buffer_ptr text_frame(std::size_t size) {
    std::string text;
    while (text.size() < size)
        text += "a line that comes again, number " + std::to_string(text.size()) + "\n";
    text.resize(size);
    return websocket_frame(websocket_opcode::text, text);
}

std::string inflated(const base::buffer_ptr& frame) {
    EXPECT_EQ(static_cast<unsigned char>(frame->data()[0]) & 0xf0, 0xc0) << "final and compressed";
    inflater in;
    in.next_message(false);
    std::string out(2'000'000, '\0');
    std::size_t used = 0;
    for (auto bytes : {websocket_payload(frame->view()), inflater::tail}) {
        std::size_t made = 0;
        EXPECT_EQ(in.step(bytes, std::span(out).subspan(used), made), inflater::outcome::more);
        EXPECT_TRUE(bytes.empty());
        used += made;
    }
    out.resize(used);
    return out;
}

TEST(deflated_frame, is_made_once_for_all_members) {
    const counting count;
    const auto plain = text_frame(5000);
    const auto first = deflated_frame(plain, 15, on());
    for (int member = 0; member < 100; ++member) ASSERT_EQ(deflated_frame(plain, 15, on()), first);
    EXPECT_EQ(inflated(first), websocket_payload(plain->view()));
    EXPECT_EQ(count.deflated(), 1U);
    EXPECT_EQ(count.bytes_in(), 5000U);
    EXPECT_EQ(count.bytes_out(), websocket_payload(first->view()).size());
}

TEST(deflated_frame, is_made_once_for_several_threads_that_ask_together) {
    const counting count;
    for (int round = 0; round < 50; ++round) {
        const auto plain = text_frame(20'000);
        std::vector<base::buffer_ptr> got(4);
        std::vector<std::thread> threads;
        threads.reserve(got.size());
        for (auto& mine : got) threads.emplace_back([&] { mine = deflated_frame(plain, 15, on()); });
        for (auto& t : threads) t.join();
        for (const auto& each : got) ASSERT_EQ(each, got[0]);
    }
    EXPECT_EQ(count.deflated(), 50U);
}

TEST(deflated_frame, leaves_short_messages_and_those_that_do_not_shrink) {
    const counting count;
    const auto small = text_frame(1023);
    EXPECT_EQ(deflated_frame(small, 15, on()), small);
    EXPECT_EQ(count.deflated(), 0U);
    std::mt19937 random(7);
    std::string noise(5000, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    const auto plain = websocket_frame(websocket_opcode::binary, noise);
    for (int member = 0; member < 3; ++member) EXPECT_EQ(deflated_frame(plain, 15, on()), plain);
    EXPECT_EQ(count.deflated(), 1U) << "tried once";
}

TEST(deflated_frame, never_needs_a_larger_window_than_the_client_has) {
    const counting count;
    const auto large = text_frame(100'000);
    const auto wide = deflated_frame(large, 15, on());
    const auto narrow = deflated_frame(large, 9, on());
    EXPECT_NE(wide, narrow);
    EXPECT_EQ(inflated(narrow), websocket_payload(large->view()));
    EXPECT_EQ(count.deflated(), 2U);
    EXPECT_EQ(deflated_frame(large, 9, on()), narrow);
    EXPECT_EQ(count.deflated(), 2U);
    EXPECT_EQ(deflated_frame(large, 8, on()), large) << "zlib makes none with 256 bytes";

    const auto fits = text_frame(4096);
    EXPECT_EQ(deflated_frame(fits, 12, on()), deflated_frame(fits, 15, on()))
        << "it cannot refer beyond itself";
}

TEST(deflated_frame, may_be_empty) {
    auto how = on();
    how.threshold = 0;
    const auto empty = websocket_frame(websocket_opcode::text, {});
    EXPECT_EQ(deflated_frame(empty, 15, how), empty);
}

}  // namespace
}  // namespace chatterlink::net
