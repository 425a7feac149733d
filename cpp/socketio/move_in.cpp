#include "socketio/move_in.hpp"

#include <mutex>
#include <utility>

#include "socketio/recovery.hpp"
#include "socketio/registry.hpp"

namespace chatterlink::socketio {

struct move_in::taken {
    packet_history history;
    std::vector<outgoing_ptr> missed;
    json data;
};

move_in::move_in(server& owner, std::shared_ptr<connection*> client, papers asked, std::string pid,
                 std::optional<std::string> offset)
    : owner_(owner),
      client_(std::move(client)),
      asked_(std::move(asked)),
      pid_(std::move(pid)),
      offset_(std::move(offset)),
      to_(owner.threads_.current()) {}

void move_in::start(base::shard_id from) {
    from_ = from;
    owner_.threads_.post(from_, [self = shared_from_this()] {
        const auto what = self->look();
        self->owner_.threads_.post(self->to_, [self, what] {
            if (*self->client_ == nullptr) return;  // gone again; the old shard still keeps the socket
            if (what) return self->prepare(*what);
            self->give_up();
        });
    });
}

socket* move_in::parked_here() const {
    auto* const s = owner_.registry_->find_private(pid_);
    if (s == nullptr || s->nsp() != asked_.nsp) return nullptr;
    if (!s->missed(offset_)) return nullptr;
    return s->park_for_takeover() ? s : nullptr;
}

std::optional<move_in::found> move_in::look() {
    auto* const s = parked_here();
    if (s == nullptr) return std::nullopt;
    return found{s->id(), s->rooms()};
}

void move_in::prepare(const found& what) {
    auto& lower = **client_;
    arriving_ = std::make_shared<socket>(owner_, &lower, what.sid, asked_.nsp);
    arriving_->make_recoverable(pid_);
    lower.sockets_.insert_or_assign(asked_.nsp, arriving_);
    owner_.registry_->add(arriving_);
    for (const auto& room : what.rooms) arriving_->join(room);
    // Whoever asks for the socket by an id is led here from now on, and what was posted to the old shard
    // until now is in front of take(). A broadcast that was handed to this shard before the socket was here
    // has been handed to the old one too.
    const std::lock_guard order(owner_.registry_->order_of(asked_.nsp));
    owner_.registry_->moved(what.sid, to_);
    owner_.registry_->moved(pid_, to_);
    owner_.threads_.post(from_, [self = shared_from_this()] {
        const auto all = self->take();
        self->owner_.threads_.post(self->to_, [self, all] { self->settle(all); });
    });
}

std::shared_ptr<move_in::taken> move_in::take() {
    auto* const s = parked_here();
    if (s == nullptr) return nullptr;
    const auto keep = s->shared_from_this();
    auto all = std::make_shared<taken>();
    all->missed = *s->missed(offset_);
    all->data = std::move(s->data());
    all->history = s->depart();
    return all;
}

void move_in::settle(const std::shared_ptr<taken>& what) {
    const auto s = std::exchange(arriving_, nullptr);
    if (s->current() != socket::state::deciding) {  // the client left meanwhile: nobody can go on here
        if (!what) return;
        owner_.registry_->forget_move(s->id());
        owner_.registry_->forget_move(pid_);
        return;
    }
    auto& lower = *s->lower();
    if (!what) {
        s->finish(engineio::close_reason::transport_close);
        return give_up();
    }
    s->arrive(std::move(what->history), std::move(what->missed), std::move(what->data));
    lower.admit(s, std::move(asked_.auth), asked_.setup, true);
}

void move_in::give_up() {
    auto& lower = **client_;
    lower.sockets_.erase(asked_.nsp);
    lower.begin(asked_.nsp, std::move(asked_.auth), asked_.setup);
}

}  // namespace chatterlink::socketio
