#include "socketio/ack.hpp"

#include <atomic>

#include "socketio/outgoing.hpp"
#include "socketio/socket.hpp"

namespace chatterlink::socketio {

struct ack::state {
    state(base::shards& t, const socket_ptr& w, std::uint64_t i, parser p)
        : threads(t), home(t.current()), who(w), nsp(w->nsp()), id(i), wire(p) {}

    base::shards& threads;
    const base::shard_id home;
    const std::weak_ptr<socket> who;
    const std::string nsp;
    const std::uint64_t id;
    const parser wire;
    std::atomic<bool> used{false};
};

ack::ack(base::shards& threads, const socket_ptr& who, std::uint64_t id, parser wire)
    : state_(std::make_shared<state>(threads, who, id, wire)) {}

bool ack::take() const {
    return state_ && !state_->used.exchange(true) && !state_->who.expired();
}

void ack::send(std::shared_ptr<const outgoing> out) const {
    state_->threads.run_on(state_->home, [who = state_->who, out = std::move(out)] {
        if (const auto s = who.lock()) s->send(out);
    });
}

void ack::operator()(json arguments) const {
    if (!take()) return;
    if (!arguments.is_array()) arguments = json::array({std::move(arguments)});
    send(make_outgoing({packet_type::ack, state_->nsp, state_->id, std::move(arguments), 0}, state_->wire));
}

void ack::text(std::string_view argument) const {
    if (state_ && state_->wire != parser::text) return (*this)(json::parse(argument));
    if (take()) send(make_outgoing(encode_ack(state_->nsp, state_->id, argument)));
}

}  // namespace chatterlink::socketio
