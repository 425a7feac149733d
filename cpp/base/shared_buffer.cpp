#include "base/shared_buffer.hpp"

#include <cstring>
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

void shared_buffer::destroy(const shared_buffer* b) noexcept {
    b->~shared_buffer();
    ::operator delete(const_cast<shared_buffer*>(b));
}

}  // namespace chatterlink::base
