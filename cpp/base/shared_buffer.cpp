#include "base/shared_buffer.hpp"

#include <array>
#include <cstring>
#include <functional>
#include <new>

namespace chatterlink::base {

buffer_ptr shared_buffer::copy_of(std::string_view first, std::string_view second, std::string_view third) {
    const std::size_t size = first.size() + second.size() + third.size();
    void* memory = ::operator new(sizeof(shared_buffer) + size);
    auto* buffer = new (memory) shared_buffer(size);
    char* out = reinterpret_cast<char*>(buffer + 1);
    for (const auto part : {first, second, third}) {
        if (!part.empty()) std::memcpy(out, part.data(), part.size());
        out += part.size();
    }
    return buffer_ptr(buffer);
}

struct shared_buffer::derivative {
    std::uint32_t key;
    buffer_ptr bytes;
    const derivative* next;
};

const buffer_ptr* shared_buffer::find(std::uint32_t key) const noexcept {
    const auto* d = derived_.load(std::memory_order_acquire);
    while (d != nullptr && d->key != key) d = d->next;
    return d == nullptr ? nullptr : &d->bytes;
}

buffer_ptr shared_buffer::add(std::uint32_t key, buffer_ptr bytes) const {
    const auto* const made = new derivative{key, std::move(bytes), derived_.load(std::memory_order_relaxed)};
    derived_.store(made, std::memory_order_release);
    return made->bytes;
}

// A lock for each buffer would be memory for nothing: few are derived from, and only for a moment.
std::mutex& shared_buffer::lock_of(const shared_buffer* b) noexcept {
    static std::array<std::mutex, 64> locks;
    return locks[std::hash<const void*>{}(b) / alignof(std::max_align_t) % locks.size()];
}

void shared_buffer::destroy(const shared_buffer* b) noexcept {
    const auto* next = b->derived_.load(std::memory_order_relaxed);
    while (next != nullptr) delete std::exchange(next, next->next);
    b->~shared_buffer();
    ::operator delete(const_cast<shared_buffer*>(b));
}

}  // namespace chatterlink::base
