#include "socketio/recovery.hpp"

#include <algorithm>
#include <utility>

namespace chatterlink::socketio {

void packet_history::push(outgoing_ptr what, const recovery_settings& bounds) {
    bytes_ += what->bytes;
    kept_.push_back(std::move(what));
    while (kept_.size() > bounds.max_packets || bytes_ > bounds.max_bytes) {
        bytes_ -= kept_.front()->bytes;
        last_dropped_ = kept_.front()->offset;
        ++dropped_;
        kept_.pop_front();
        if (kept_.empty()) break;
    }
}

std::optional<std::vector<outgoing_ptr>> packet_history::after(std::optional<std::string_view> offset) const {
    auto from = kept_.begin();
    if (!offset) {
        if (dropped_ != 0) return std::nullopt;
    } else if (dropped_ == 0 || *offset != last_dropped_) {
        from = std::find_if(kept_.begin(), kept_.end(), [&](const auto& p) { return p->offset == *offset; });
        if (from == kept_.end()) return std::nullopt;
        ++from;
    }
    return std::vector<outgoing_ptr>(from, kept_.end());
}

void packet_history::follow(packet_history earlier, const recovery_settings& bounds) {
    auto own = std::exchange(kept_, {});
    *this = std::move(earlier);
    for (auto& p : own) {
        if (std::find(kept_.begin(), kept_.end(), p) == kept_.end()) push(std::move(p), bounds);
    }
}

}  // namespace chatterlink::socketio
