#include "socketio/ack.hpp"

#include <atomic>

#include "socketio/outgoing.hpp"
#include "socketio/socket.hpp"

namespace chatterlink::socketio {

struct ack::state {
    base::shards& threads;
    const base::shard_id home;
    const std::weak_ptr<socket> who;
    const std::string nsp;
    const std::uint64_t id;
    const parser wire;
    std::atomic<bool> used{false};
};

ack::ack(base::shards& threads, const socket_ptr& who, std::uint64_t id, parser wire)
    : state_(new state{threads, threads.current(), who, who->nsp(), id, wire}) {}

void ack::operator()(json arguments) const {
    if (!state_ || state_->used.exchange(true) || state_->who.expired()) return;
    if (!arguments.is_array()) arguments = json::array({std::move(arguments)});
    const outgoing_ptr out =
        make_outgoing({packet_type::ack, state_->nsp, state_->id, std::move(arguments), 0}, state_->wire);
    state_->threads.run_on(state_->home, [who = state_->who, out] {
        if (const auto s = who.lock()) s->send(out);
    });
}

}  // namespace chatterlink::socketio
