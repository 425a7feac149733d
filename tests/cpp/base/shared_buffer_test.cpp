#include "base/shared_buffer.hpp"

#include <gtest/gtest.h>

#include <new>
#include <string>
#include <thread>
#include <vector>

namespace chatterlink::base {
namespace {

using namespace std::string_view_literals;

TEST(shared_buffer, joins_its_parts_byte_for_byte) {
    EXPECT_EQ(shared_buffer::copy_of("one ", "two ", "three")->view(), "one two three");
    EXPECT_EQ(shared_buffer::copy_of("a\0b"sv, {}, "\xff\n"sv)->view(), "a\0b\xff\n"sv);
    EXPECT_EQ(shared_buffer::copy_of("only")->size(), 4u);
}

TEST(shared_buffer, may_be_empty) {
    const auto empty = shared_buffer::copy_of({});
    EXPECT_EQ(empty->size(), 0u);
    EXPECT_EQ(empty->view(), "");
}

TEST(shared_buffer, copies_what_it_is_given) {
    std::string source(100'000, 'x');
    const auto buffer = shared_buffer::copy_of(source);
    source.assign(source.size(), 'y');
    EXPECT_EQ(buffer->view(), std::string(100'000, 'x'));
}

TEST(shared_buffer, lives_as_long_as_the_last_reference) {
    buffer_ptr last;
    {
        const auto first = shared_buffer::copy_of("kept");
        last = first;
        EXPECT_EQ(last->data(), first->data());  // the same bytes, not another copy
    }
    EXPECT_EQ(last->view(), "kept");
}

TEST(shared_buffer, references_may_be_taken_and_dropped_by_many_threads) {
    auto buffer = shared_buffer::copy_of("shared");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([copy = buffer] {
            for (int n = 0; n < 10'000; ++n) {
                const buffer_ptr another = copy;
                if (another->view() != "shared") std::abort();
            }
        });
    }
    buffer.reset();
    for (auto& each : threads) each.join();
}

TEST(shared_buffer, keeps_what_is_derived_from_it) {
    const auto plain = shared_buffer::copy_of("plain");
    int made = 0;
    const auto make = [&] {
        ++made;
        return shared_buffer::copy_of("derived");
    };
    const auto first = plain->derived(1, make);
    EXPECT_EQ(first->view(), "derived");
    EXPECT_EQ(plain->derived(1, make), first);
    EXPECT_EQ(made, 1);
    EXPECT_NE(plain->derived(2, make), first);
    EXPECT_EQ(plain->derived(1, make), first);
    EXPECT_EQ(made, 2);
    EXPECT_EQ(plain->derived(3, [] { return buffer_ptr(); }), nullptr);
    EXPECT_EQ(plain->derived(3, make), nullptr) << "none is an answer too";
}

TEST(shared_buffer, derives_again_after_a_failure) {
    const auto plain = shared_buffer::copy_of("plain");
    EXPECT_THROW(plain->derived(1, []() -> buffer_ptr { throw std::bad_alloc(); }), std::bad_alloc);
    EXPECT_EQ(plain->derived(1, [] { return shared_buffer::copy_of("x"); })->view(), "x");
}

}  // namespace
}  // namespace chatterlink::base
