#include "socketio/session.hpp"

#include <algorithm>
#include <utility>

#include "socketio/msgpack.hpp"

namespace chatterlink::socketio {

base::result<std::optional<packet>> session::on_message(std::string_view data, bool binary,
                                                        base::steady_time now) {
    if (how_.wire == parser::msgpack) {
        if (!binary) return base::fail(base::errc::bad_payload, "text where MessagePack is spoken");
        auto p = decode_msgpack(data);
        if (!p) return p.error();
        return std::optional<packet>(std::move(*p));
    }
    if (binary) {
        if (!waiting_) return base::fail(base::errc::bad_payload, "binary data that no packet announced");
        waiting_->attachments.emplace_back(data);
        if (waiting_->attachments.size() < waiting_->announced.attachments) return std::optional<packet>{};
        const auto whole = std::move(waiting_);
        if (auto restored = restore_attachments(whole->announced, whole->attachments); !restored)
            return restored.error();
        return std::optional<packet>(std::move(whole->announced));
    }
    if (waiting_) return base::fail(base::errc::bad_payload, "text while binary attachments are awaited");
    auto p = decode(data);
    if (!p) return p.error();
    if (p->attachments == 0) return std::optional<packet>(std::move(*p));
    waiting_ = std::make_unique<awaited>(awaited{std::move(*p), {}, now + how_.attachment_timeout});
    return std::optional<packet>{};
}

void session::set_paused(bool paused, base::steady_time now) noexcept {
    if (waiting_ && paused_ && !paused) waiting_->due = now + how_.attachment_timeout;
    paused_ = paused;
}

base::steady_time session::deadline() const noexcept {
    auto due = connected_ ? base::steady_time::max() : due_;
    if (waiting_ && !paused_) due = std::min(due, waiting_->due);
    return due;
}

}  // namespace chatterlink::socketio
