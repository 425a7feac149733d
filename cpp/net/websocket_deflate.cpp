#include "net/websocket_deflate.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "net/websocket_frame.hpp"

namespace chatterlink::net {
namespace {

// How a form was made, as one number.
unsigned key_of(int window_bits, const deflate_settings& how) noexcept {
    return static_cast<unsigned>(window_bits) << 16U | static_cast<unsigned>(how.level) << 8U |
           static_cast<unsigned>(how.mem_level);
}

// A compressor is much memory and takes long to make; each thread keeps those it has used. There are as many
// as servers' settings and clients' windows differ: one, as a rule.
deflater& deflater_for(int window_bits, const deflate_settings& how) {
    thread_local std::vector<std::pair<unsigned, std::unique_ptr<deflater>>> kept;
    const auto key = key_of(window_bits, how);
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const auto& k) { return k.first == key; });
    if (found != kept.end()) return *found->second;
    return *kept.emplace_back(key, std::make_unique<deflater>(how.level, how.mem_level, window_bits)).second;
}

// Null when it does not get shorter.
base::buffer_ptr compress(const base::shared_buffer& frame, int window_bits, const deflate_settings& how) {
    const auto payload = websocket_payload(frame.view());
    std::string smaller;
    deflater_for(window_bits, how).deflate(payload, smaller);
    auto& counts = deflate_counts();
    counts.deflated.fetch_add(1, std::memory_order_relaxed);
    counts.deflate_bytes_in.fetch_add(payload.size(), std::memory_order_relaxed);
    counts.deflate_bytes_out.fetch_add(smaller.size(), std::memory_order_relaxed);
    if (smaller.size() >= payload.size()) return nullptr;
    const auto opcode = static_cast<websocket_opcode>(frame.data()[0] & 0x0f);
    return websocket_frame(opcode, smaller, {}, true);
}

}  // namespace

base::buffer_ptr deflated_frame(const base::buffer_ptr& frame, int window_bits, const deflate_settings& how) {
    const auto size = websocket_payload(frame->view()).size();
    if (size < how.threshold) return frame;
    if (size <= std::size_t{1} << window_bits) window_bits = largest_window;
    if (window_bits < smallest_window_made) return frame;
    auto form = frame->derived(key_of(window_bits, how), [&] { return compress(*frame, window_bits, how); });
    return form ? form : frame;
}

}  // namespace chatterlink::net
