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
        for (int i = 0; i < 100; ++i) queue.push(buffer, mine);
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
    const auto buffer = base::shared_buffer::copy_of("x");
    for (std::size_t i = 0; i < queue_nodes::kept + 10; ++i) queue.push(buffer, mine);
    queue.clear(mine);
    EXPECT_EQ(mine.count(), queue_nodes::kept);
}

}  // namespace
}  // namespace chatterlink::net
