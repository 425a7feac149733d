#include "allocations/counted.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>

namespace chatterlink::test {

std::atomic<std::uint64_t> allocations{0};
thread_local bool not_counted = false;

namespace {

void* counted(std::size_t size, std::size_t alignment) {
    if (!not_counted) allocations.fetch_add(1, std::memory_order_relaxed);
    void* const p = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                        ? std::malloc(size)
                        : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (p == nullptr) throw std::bad_alloc();
    return p;
}

TEST(allocations, are_counted_on_every_thread_that_does_not_opt_out) {
    std::thread([] {
        const auto before = allocations.load();
        auto p = std::make_unique<std::string>(1'000, 'x');
        EXPECT_EQ(allocations.load(), before + 2);
        not_counted = true;
        p = std::make_unique<std::string>(2'000, 'y');
        EXPECT_EQ(allocations.load(), before + 2);
    }).join();
}

}  // namespace
}  // namespace chatterlink::test

void* operator new(std::size_t size) {
    return chatterlink::test::counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return chatterlink::test::counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}
