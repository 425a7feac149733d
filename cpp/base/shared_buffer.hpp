// An immutable, reference-counted run of bytes: what a broadcast is encoded into once and every member's
// send queue then points to. Header and bytes are one allocation. Any thread may hold and drop references.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

namespace chatterlink::base {

class shared_buffer;
using buffer_ptr = boost::intrusive_ptr<const shared_buffer>;

class shared_buffer {
  public:
    /// Copies the parts one behind the other into a new buffer.
    static buffer_ptr copy_of(std::string_view first, std::string_view second = {},
                              std::string_view third = {});

    shared_buffer(const shared_buffer&) = delete;
    shared_buffer& operator=(const shared_buffer&) = delete;

    const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    std::size_t size() const noexcept { return size_; }
    std::string_view view() const noexcept { return {data(), size_}; }

    /// Another form of the same bytes (compressed), made by `make()` for whoever asks first and kept as long
    /// as this buffer; null if `make` said so. `key` tells the forms apart. Any thread: of several that ask
    /// at once one makes it and the others wait. What `make` throws goes to its caller, and the next one
    /// tries again.
    template <class Make>
    buffer_ptr derived(std::uint32_t key, Make&& make) const {
        if (const auto* there = find(key)) return *there;
        const std::lock_guard guard(lock_of(this));
        if (const auto* there = find(key)) return *there;
        return add(key, std::forward<Make>(make)());
    }

    friend void intrusive_ptr_add_ref(const shared_buffer* b) noexcept {
        b->references_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void intrusive_ptr_release(const shared_buffer* b) noexcept {
        if (b->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(b);
    }

  private:
    struct derivative;

    explicit shared_buffer(std::size_t size) noexcept : size_(size) {}
    ~shared_buffer() = default;
    static void destroy(const shared_buffer* b) noexcept;

    const buffer_ptr* find(std::uint32_t key) const noexcept;  // null: not made yet
    buffer_ptr add(std::uint32_t key, buffer_ptr bytes) const;
    static std::mutex& lock_of(const shared_buffer* b) noexcept;

    mutable std::atomic<std::uint32_t> references_{0};
    std::size_t size_;
    mutable std::atomic<const derivative*> derived_{nullptr};  // a list that only grows, at its front
};

/// Of all of them together.
inline std::size_t size_of(std::span<const buffer_ptr> parts) noexcept {
    std::size_t sum = 0;
    for (const auto& part : parts) sum += part->size();
    return sum;
}

}  // namespace chatterlink::base
