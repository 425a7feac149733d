#include "net/send_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace chatterlink::net {
namespace {

// What a writev of up to `parts` entries and `limit` bytes would put on the wire.
std::string front(const send_queue& queue, std::size_t parts = 8, std::size_t limit = ~std::size_t{0}) {
    std::vector<iovec> out(parts);
    std::string bytes;
    const std::size_t filled = queue.gather(out);
    EXPECT_LE(filled, parts);
    for (std::size_t i = 0; i < filled; ++i)
        bytes.append(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
    return bytes.substr(0, limit);
}

queue_nodes nodes;

void push(send_queue& queue, std::string_view text) {
    queue.push(base::shared_buffer::copy_of(text), nodes);
}

TEST(send_queue, is_empty_at_first) {
    send_queue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0u);
    EXPECT_EQ(front(queue), "");
}

TEST(send_queue, gives_the_buffers_in_order) {
    send_queue queue;
    push(queue, "one ");
    push(queue, "two ");
    push(queue, "three");
    EXPECT_EQ(queue.bytes(), 13u);
    EXPECT_EQ(front(queue), "one two three");
    EXPECT_EQ(front(queue, 2), "one two ") << "no more entries than asked for";
    EXPECT_EQ(front(queue, 0), "");
}

TEST(send_queue, does_not_copy_what_it_holds) {
    send_queue queue;
    const auto buffer = base::shared_buffer::copy_of("shared");
    queue.push(buffer, nodes);
    std::array<iovec, 1> out;
    ASSERT_EQ(queue.gather(out), 1u);
    EXPECT_EQ(out[0].iov_base, buffer->data());
}

TEST(send_queue, goes_on_where_a_partial_write_ended) {
    send_queue queue;
    push(queue, "abcd");
    push(queue, "efgh");
    push(queue, "ijkl");
    queue.consume(1, nodes);  // inside the first
    EXPECT_EQ(front(queue), "bcdefghijkl");
    queue.consume(2, nodes);  // still inside
    EXPECT_EQ(front(queue), "defghijkl");
    queue.consume(3, nodes);  // over a border
    EXPECT_EQ(front(queue), "ghijkl");
    EXPECT_EQ(queue.bytes(), 6u);
    queue.consume(2, nodes);  // up to a border
    EXPECT_EQ(front(queue), "ijkl");
    push(queue, "mn");
    EXPECT_EQ(front(queue), "ijklmn");
    queue.consume(6, nodes);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0u);
}

TEST(send_queue, empty_buffers_do_not_stop_it) {
    send_queue queue;
    push(queue, "");
    push(queue, "a");
    push(queue, "");
    EXPECT_EQ(front(queue), "a");
    queue.consume(1, nodes);
    EXPECT_TRUE(queue.empty());
    push(queue, "");
    EXPECT_FALSE(queue.empty());
    queue.consume(0, nodes);
    EXPECT_TRUE(queue.empty());
}

TEST(send_queue, lets_go_of_what_is_written) {
    send_queue queue;
    const auto buffer = base::shared_buffer::copy_of("xy");
    push(queue, "ab");
    queue.push(buffer, nodes);
    queue.consume(3, nodes);
    EXPECT_EQ(front(queue), "y");
    queue.clear(nodes);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0u);
    push(queue, "anew");
    EXPECT_EQ(front(queue), "anew");
}

TEST(send_queue, random_writes_put_every_byte_out_once_and_in_order) {
    std::mt19937 random(3);
    send_queue queue;
    std::string expected;
    std::string written;
    for (int round = 0; round < 2'000; ++round) {
        for (unsigned n = random() % 4; n-- > 0;) {
            const std::string text(random() % 50, static_cast<char>('a' + random() % 26));
            expected += text;
            push(queue, text);
        }
        const auto part = front(queue, random() % 6, random() % 120);
        written += part;
        queue.consume(part.size(), nodes);
        ASSERT_EQ(queue.bytes(), expected.size() - written.size());
    }
    written += front(queue, 100'000);
    EXPECT_EQ(written, expected);
}

TEST(send_queue, a_reader_that_is_always_a_little_behind_costs_bounded_memory) {
    send_queue queue;
    push(queue, "a");
    for (int i = 0; i < 1'000'000; ++i) {  // never empty
        push(queue, "b");
        queue.consume(1, nodes);
    }
    EXPECT_EQ(queue.bytes(), 1u);
    EXPECT_EQ(front(queue), "b");
    EXPECT_LT(nodes.count(), 1'000u);
}

TEST(send_queue, an_empty_queue_holds_no_nodes_and_the_next_one_gets_those_that_are_spare) {
    queue_nodes mine;
    const auto buffer = base::shared_buffer::copy_of("x");
    {
        send_queue queue;
        for (int i = 0; i < 100; ++i) queue.push(base::shared_buffer::copy_of("x"), mine);
        EXPECT_EQ(mine.count(), 0u);
        queue.consume(99, mine);
        EXPECT_EQ(mine.count(), 99u);
        send_queue other;
        other.push(buffer, mine);
        EXPECT_EQ(mine.count(), 98u);
        other.clear(mine);
        EXPECT_EQ(mine.count(), 99u);
    }  // with one left: freed with the queue
    EXPECT_EQ(mine.count(), 99u);
    EXPECT_EQ(buffer->view(), "x");
}

TEST(send_queue, a_shard_keeps_a_bounded_number_of_spare_nodes) {
    queue_nodes mine;
    send_queue queue;
    const std::array both{base::shared_buffer::copy_of("x"), base::shared_buffer::copy_of("y")};
    for (std::size_t i = 0; i < queue_nodes::kept + 10; ++i) queue.push(both[i % 2], mine);
    queue.clear(mine);
    EXPECT_EQ(mine.count(), queue_nodes::kept);
}

// The pieces a writev would have, whole.
std::vector<std::string_view> pieces(const send_queue& queue) {
    std::vector<iovec> out(1'000);
    std::vector<std::string_view> all;
    const auto filled = queue.gather(out);
    for (std::size_t i = 0; i < filled; ++i)
        all.emplace_back(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
    return all;
}

TEST(send_queue, what_several_get_one_behind_the_other_is_one_piece_and_the_same_for_all) {
    queue_nodes mine;
    std::vector<send_queue> room(5);
    std::string all;
    for (int i = 0; i < 100; ++i) {
        const auto text = std::to_string(i) + ".";
        all += text;
        const auto message = base::shared_buffer::copy_of(text);
        for (auto& each : room) each.push(message, mine);
    }
    EXPECT_EQ(mine.runs(), 1u);
    ASSERT_EQ(pieces(room[1]).size(), 1u);
    for (std::size_t i = 0; i < room.size(); ++i) EXPECT_EQ(front(room[i], 1'000), all) << i;
    // The first cannot know that others follow.
    for (std::size_t i = 1; i < room.size(); ++i)
        EXPECT_EQ(pieces(room[i])[0].data(), pieces(room[1])[0].data());
    EXPECT_EQ(room[1].only(), all);
    for (auto& each : room) each.consume(all.size(), mine);
    EXPECT_EQ(mine.runs(), 0u);
    for (const auto& each : room) EXPECT_TRUE(each.empty());
}

TEST(send_queue, who_was_told_something_alone_has_the_rest_in_common_again) {
    queue_nodes mine;
    std::vector<send_queue> room(4);
    const auto to_all = [&](std::string_view text) {
        const auto message = base::shared_buffer::copy_of(text);
        for (auto& each : room) each.push(message, mine);
    };
    to_all("a");
    to_all("b");
    room[3].push(base::shared_buffer::copy_of("ack"), mine);
    to_all("c");
    to_all("d");
    EXPECT_EQ(pieces(room[2]), std::vector<std::string_view>{"abcd"});
    EXPECT_EQ(pieces(room[3]), (std::vector<std::string_view>{"ab", "ack", "cd"}));
    EXPECT_EQ(pieces(room[3])[2].data(), pieces(room[2])[0].data() + 2);
    room[2].consume(3, mine);
    room[3].consume(1, mine);
    to_all("e");
    EXPECT_EQ(front(room[2]), "de");
    EXPECT_EQ(front(room[3]), "backcde");
    EXPECT_EQ(front(room[1]), "abcde");
    for (auto& each : room) each.clear(mine);
    EXPECT_EQ(mine.runs(), 0u);
}

TEST(send_queue, large_messages_are_not_copied) {
    queue_nodes mine;
    std::vector<send_queue> room(3);
    for (int i = 0; i < 3; ++i) {
        const auto message = base::shared_buffer::copy_of(std::string(message_run::largest + 1, 'x'));
        for (auto& each : room) each.push(message, mine);
        for (const auto& each : room) EXPECT_EQ(pieces(each).back().data(), message->data());
    }
    EXPECT_EQ(mine.runs(), 0u);
    for (auto& each : room) each.clear(mine);
}

TEST(send_queue, a_shard_has_a_bounded_number_of_runs_and_without_one_messages_are_queued_as_they_are) {
    queue_nodes mine;
    std::vector<std::vector<send_queue>> rooms;
    for (std::size_t i = 0; i < queue_nodes::most_runs + 10; ++i) {
        auto& room = rooms.emplace_back(2);
        for (const auto* text : {"one ", "two ", "three"}) {
            const auto message = base::shared_buffer::copy_of(text);
            for (auto& each : room) each.push(message, mine);
        }
    }
    EXPECT_EQ(mine.runs(), queue_nodes::most_runs);
    for (auto& room : rooms) {
        for (auto& each : room) {
            EXPECT_EQ(front(each), "one two three");
            each.clear(mine);
        }
    }
    EXPECT_EQ(mine.runs(), 0u);
}

TEST(send_queue, what_goes_to_another_shard_shares_nothing_with_those_that_stay) {
    queue_nodes here;
    queue_nodes there;
    std::vector<send_queue> room(3);
    for (const auto* text : {"one ", "two "}) {
        const auto message = base::shared_buffer::copy_of(text);
        for (auto& each : room) each.push(message, here);
    }
    room[1].consume(2, here);
    room[1].detach(here);
    room[2].clear(here);
    EXPECT_EQ(here.runs(), 0u);
    EXPECT_EQ(front(room[1]), "e two ");
    room[1].push(base::shared_buffer::copy_of("three"), there);
    EXPECT_EQ(front(room[1]), "e two three");
    room[1].clear(there);
    room[0].clear(here);
}

// Whatever goes to whom, and whoever reads how fast: each gets its own, whole and in order.
TEST(send_queue, random_crowds_get_what_each_was_told) {
    std::mt19937 random(17);
    queue_nodes mine;
    std::vector<send_queue> crowd(12);
    std::vector<std::string> expected(crowd.size());
    const auto some = [&](std::size_t most) { return random() % most; };
    base::buffer_ptr again;
    std::size_t shared = 0;
    for (int step = 0; step < 3'000; ++step) {
        const auto who = some(crowd.size());
        const auto kind = some(100);
        if (kind < 60) {
            const bool old = again && some(10) == 0;
            const auto size = some(20) == 0 ? some(3'000) : some(60);
            if (!old)
                again = base::shared_buffer::copy_of(std::string(size, static_cast<char>('a' + some(26))));
            const auto first = some(2) == 0 ? 0 : who;
            const auto left_out = some(3) == 0 ? some(crowd.size()) : crowd.size();
            for (std::size_t i = first; i < crowd.size(); ++i) {
                if (i == left_out) continue;
                crowd[i].push(again, mine);
                expected[i] += again->view();
            }
        } else if (kind < 75) {
            crowd[who].push(base::shared_buffer::copy_of("alone"), mine);
            expected[who] += "alone";
        } else if (kind < 97) {
            const auto bytes = some(3) == 0 ? crowd[who].bytes() : some(crowd[who].bytes() + 1);
            crowd[who].consume(bytes, mine);
            expected[who].erase(0, bytes);
        } else if (kind < 98) {
            crowd[who].detach(mine);
        } else if (kind < 99) {
            crowd[who].clear(mine);
            expected[who].clear();
        }
        ASSERT_EQ(crowd[who].bytes(), expected[who].size());
        ASSERT_TRUE(front(crowd[who], 4'000) == expected[who]) << "step " << step;
        shared += mine.runs();
    }
    EXPECT_GT(shared, 3'000u) << "runs were used";
    for (std::size_t i = 0; i < crowd.size(); ++i) {
        EXPECT_TRUE(front(crowd[i], 4'000) == expected[i]);
        crowd[i].clear(mine);
    }
    EXPECT_EQ(mine.runs(), 0u);
}

}  // namespace
}  // namespace chatterlink::net
