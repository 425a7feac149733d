#include "socketio/session.hpp"

#include <gtest/gtest.h>

#include <string>

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;
using base::steady_time;

constexpr steady_time start{1h};
const settings how{.connect_timeout = 1'000ms, .attachment_timeout = 200ms};

struct socketio_session : testing::Test {
    base::result<std::optional<packet>> text(std::string_view data, steady_time now = start) {
        return s.on_message(data, false, now);
    }
    base::result<std::optional<packet>> binary(std::string_view data, steady_time now = start) {
        return s.on_message(data, true, now);
    }
    // Announces packets with attachments that are still missing.
    void announce(const std::string& packet_text) {
        const auto p = text(packet_text);
        ASSERT_TRUE(p);
        ASSERT_FALSE(p->has_value());
    }
    session s{how, start};
};

TEST_F(socketio_session, a_packet_without_attachments_is_whole_at_once) {
    const auto p = text("2[\"hello\",1]");
    ASSERT_TRUE(p);
    ASSERT_TRUE(p->has_value());
    EXPECT_EQ((*p)->data, (json{"hello", 1}));
}

TEST_F(socketio_session, a_packet_with_attachments_is_whole_with_the_last_of_them) {
    announce("52-[\"x\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]");
    const auto first = binary("one");
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->has_value());
    const auto p = binary("two");
    ASSERT_TRUE(p);
    ASSERT_TRUE(p->has_value());
    EXPECT_EQ((*p)->data, (json{"x", json::binary({'t', 'w', 'o'}), json::binary({'o', 'n', 'e'})}));
    EXPECT_EQ((*p)->attachments, 0u);
    EXPECT_TRUE(text("2[\"next\"]")->has_value()) << "and the next packet is its own";
}

TEST_F(socketio_session, text_while_attachments_are_awaited_is_refused) {
    announce("51-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    const auto p = text("2[\"impatient\"]");
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().code, base::errc::bad_payload);
}

TEST_F(socketio_session, binary_data_that_nobody_announced_is_refused) {
    EXPECT_FALSE(binary("surprise"));
    announce("51-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    EXPECT_TRUE(binary("expected"));
    EXPECT_FALSE(binary("one too many"));
}

TEST_F(socketio_session, attachments_that_do_not_fit_are_refused_when_the_last_one_is_here) {
    announce("51-[\"x\",{\"_placeholder\":true,\"num\":7}]");
    EXPECT_FALSE(binary("x"));
}

TEST_F(socketio_session, a_malformed_packet_is_refused) {
    for (const auto* data : {"", "9", "2", "51-", "511-[\"x\"]", "5999999999-[]"})
        EXPECT_FALSE(text(data)) << data;
}

TEST_F(socketio_session, empty_attachments_are_attachments) {
    announce("51-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    const auto p = binary("");
    ASSERT_TRUE(p);
    EXPECT_EQ((**p).data[1], json::binary({}));
}

TEST_F(socketio_session, without_a_connect_it_times_out) {
    EXPECT_EQ(s.deadline(), start + 1'000ms);
    EXPECT_FALSE(s.timed_out(start + 999ms));
    EXPECT_TRUE(s.timed_out(start + 1'000ms));
}

TEST_F(socketio_session, once_connected_it_has_no_deadline) {
    s.on_connected();
    EXPECT_EQ(s.deadline(), steady_time::max());
    EXPECT_FALSE(s.timed_out(start + 1'000h));
}

TEST_F(socketio_session, awaited_attachments_time_out_and_one_of_them_gains_no_time) {
    s.on_connected();
    announce("52-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
    EXPECT_EQ(s.deadline(), start + 200ms);
    ASSERT_TRUE(binary("one", start + 150ms));
    EXPECT_FALSE(s.timed_out(start + 199ms));
    EXPECT_TRUE(s.timed_out(start + 200ms));
    ASSERT_TRUE(binary("two", start + 199ms));
    EXPECT_EQ(s.deadline(), steady_time::max());
}

TEST_F(socketio_session, attachments_of_a_paused_client_have_their_time_after_the_pause) {
    s.on_connected();
    s.set_paused(true, start);
    announce("51-[\"x\",{\"_placeholder\":true,\"num\":0}]");  // the rest of a POST that was read already
    EXPECT_EQ(s.deadline(), steady_time::max());
    EXPECT_FALSE(s.timed_out(start + 1h));
    s.set_paused(false, start + 1h);
    EXPECT_EQ(s.deadline(), start + 1h + 200ms);
    s.set_paused(false, start + 2h);
    EXPECT_TRUE(s.timed_out(start + 1h + 200ms)) << "it was not paused";
}

TEST_F(socketio_session, the_earlier_of_two_deadlines_counts) {
    const auto p = s.on_message("51-[\"x\",{\"_placeholder\":true,\"num\":0}]", false, start + 900ms);
    ASSERT_TRUE(p);
    EXPECT_EQ(s.deadline(), start + 1'000ms) << "the connect is due before the attachment";
}

}  // namespace
}  // namespace chatterlink::socketio
