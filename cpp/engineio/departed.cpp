#include "engineio/departed.hpp"

#include <algorithm>
#include <utility>

namespace chatterlink::engineio {

void departed::drop_old(base::steady_time now) {
    while (!last_.empty() && last_.front().until <= now) last_.pop_front();
}

void departed::add(std::string sid, base::steady_time now) {
    drop_old(now);
    if (last_.size() == most) last_.pop_front();
    last_.push_back({std::move(sid), now + remembered});
}

bool departed::take(std::string_view sid, base::steady_time now) {
    drop_old(now);
    const auto found =
        std::find_if(last_.begin(), last_.end(), [sid](const auto& s) { return s.sid == sid; });
    if (found == last_.end()) return false;
    last_.erase(found);
    return true;
}

}  // namespace chatterlink::engineio
