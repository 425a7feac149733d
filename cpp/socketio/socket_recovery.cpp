// Connection state recovery of a socket: kept while its client is away, taken over when it comes back.
#include <algorithm>
#include <utility>

#include "socketio/connection.hpp"
#include "socketio/registry.hpp"
#include "socketio/server.hpp"
#include "socketio/socket_details.hpp"

namespace chatterlink::socketio {
namespace {

// The client did not choose to go: it would have sent a DISCONNECT packet. An Engine.IO close alone is how a
// page's low-level connection ends.
bool recoverable(engineio::close_reason why) {
    switch (why) {
        case engineio::close_reason::client_close:
        case engineio::close_reason::ping_timeout:
        case engineio::close_reason::transport_close:
        case engineio::close_reason::transport_error:
            return true;
        case engineio::close_reason::server_close:
        case engineio::close_reason::parse_error:
            break;
    }
    return false;
}

}  // namespace

void socket::make_recoverable(std::string pid) {
    auto& m = more();
    m.recover = std::make_unique<recovery>(
        [](void* self) { static_cast<socket*>(self)->finish(engineio::close_reason::transport_close); },
        this);
    m.recover->pid = std::move(pid);
    owner_.registry_->add_private(m.recover->pid, *this);
}

const std::string* socket::private_id() const noexcept {
    return more_ && more_->recover ? &more_->recover->pid : nullptr;
}

void socket::keep_for_recovery(const outgoing_ptr& what) {
    auto& r = *more_->recover;
    r.history.push(what, owner_.how_.recovery);
    if (state_ == state::parked && r.history.hopeless()) {
        // At the next tick: a broadcast is on its way through the shard's sockets now.
        owner_.threads_.at(owner_.threads_.current()).start_timer(r.expiry, base::milliseconds{0});
    }
}

bool socket::park(engineio::close_reason why) {
    if (state_ == state::parked) return true;
    if (state_ != state::connected || private_id() == nullptr || !recoverable(why)) return false;
    const auto keep = shared_from_this();
    state_ = state::parked;
    resume();
    if (auto* const lower = detach()) lower->forget(*this);
    say_goodbye(why);
    forget_acks();
    auto& r = *more_->recover;
    r.history.mark_away();
    const auto& how = owner_.how_.recovery;
    owner_.threads_.at(owner_.threads_.current()).start_timer(r.expiry, how.max_disconnection_duration);
    auto& waiting = owner_.registry_->parked();
    r.place = waiting.insert(waiting.end(), this);
    r.waiting = true;
    if (waiting.size() > how.max_parked) waiting.front()->finish(why);
    return state_ == state::parked;
}

bool socket::park_for_takeover() {
    auto* const old = lower_;
    if (!park(engineio::close_reason::transport_close)) return false;
    if (old != nullptr) old->close_if_idle();
    return true;
}

std::optional<std::vector<outgoing_ptr>> socket::missed(std::optional<std::string_view> offset) const {
    if (state_ != state::parked && state_ != state::connected) return std::nullopt;
    return more_->recover->history.after(offset);
}

void socket::revive(connection& lower, std::vector<outgoing_ptr> missed) {
    auto& r = *more_->recover;
    r.expiry.cancel();
    owner_.registry_->parked().erase(r.place);
    r.waiting = false;
    state_ = state::deciding;
    attach(lower);
    more_->early = std::move(missed);
    more_->early_bytes = 0;
}

packet_history socket::depart() {
    auto history = std::move(more_->recover->history);
    more_->recover->departed = true;
    finish(engineio::close_reason::transport_close);
    return history;
}

void socket::arrive(packet_history history, std::vector<outgoing_ptr> missed, json data) {
    auto& m = *more_;
    m.recover->history.follow(std::move(history), owner_.how_.recovery);
    m.data = std::move(data);
    // In the order of the namespace's broadcasts: those of the old shard end later than those of this one
    // begin.
    const auto seen = missed.size();
    for (auto& each : std::exchange(m.early, {})) {
        const auto end = missed.begin() + static_cast<std::ptrdiff_t>(seen);
        if (std::find(missed.begin(), end, each) == end) missed.push_back(std::move(each));
    }
    m.early = std::move(missed);
}

void socket::forget_recovery() {
    if (private_id() == nullptr) return;
    auto& r = *more_->recover;
    r.expiry.cancel();
    if (r.waiting) owner_.registry_->parked().erase(r.place);
    owner_.registry_->remove_private(r.pid);
    if (r.departed) return;
    owner_.registry_->forget_move(r.pid);
    owner_.registry_->forget_move(id_);
}

}  // namespace chatterlink::socketio
