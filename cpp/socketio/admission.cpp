#include "socketio/admission.hpp"

#include <atomic>
#include <utility>

#include "base/log.hpp"
#include "socketio/socket.hpp"

namespace chatterlink::socketio {
namespace {

// What a client is told when nobody said why. What went wrong is the log's business.
json internal_error() {
    return {{"message", "Internal server error"}};
}

}  // namespace

// ---- connect_decision ----

struct connect_decision::state {
    state(base::shards& t, base::shard_id h, std::weak_ptr<socket> w)
        : threads(t), home(h), who(std::move(w)) {}
    ~state() {
        if (used || who.expired()) return;
        threads.run_on(home, [who = std::move(who)] {
            if (const auto s = who.lock()) s->refuse(internal_error());
        });
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    base::shards& threads;
    const base::shard_id home;
    std::weak_ptr<socket> who;
    std::atomic<bool> used{false};
};

connect_decision::connect_decision(base::shards& threads, base::shard_id home, std::weak_ptr<socket> who)
    : state_(std::make_shared<state>(threads, home, std::move(who))) {}

void connect_decision::accept(std::unique_ptr<socket_handler> handler) const {
    if (state_->used.exchange(true)) return;
    // A task is copied by its type's rules, a handler is not: it travels in a box.
    auto box = std::make_shared<std::unique_ptr<socket_handler>>(std::move(handler));
    state_->threads.run_on(state_->home, [who = state_->who, box] {
        if (const auto s = who.lock()) return s->accept(std::move(*box));
        (*box)->on_disconnect(engineio::close_reason::transport_close);
    });
}

void connect_decision::refuse(json data) const {
    if (state_->used.exchange(true)) return;
    state_->threads.run_on(state_->home, [who = state_->who, data = std::move(data)] {
        if (const auto s = who.lock()) s->refuse(data);
    });
}

// ---- admission ----

// One middleware's turn, ended by the first call of its next_step or with the last copy of it.
class admission::turn {
  public:
    explicit turn(std::shared_ptr<admission> owner) : owner_(std::move(owner)) {}
    ~turn() {
        if (!used_ && !owner_->who_.expired()) end(internal_error());
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    void end(std::optional<json> refusal) {
        if (used_.exchange(true)) return;
        owner_->threads_.run_on(owner_->home_, [owner = owner_, refusal = std::move(refusal)] {
            if (!refusal) return owner->run();
            if (const auto s = owner->who_.lock()) s->refuse(*refusal);
        });
    }

  private:
    const std::shared_ptr<admission> owner_;
    std::atomic<bool> used_{false};
};

admission::admission(base::shards& threads, std::weak_ptr<socket> who,
                     std::shared_ptr<const namespace_setup> setup, papers brought, bool skip_middlewares)
    : threads_(threads),
      home_(threads.current()),
      who_(std::move(who)),
      setup_(std::move(setup)),
      brought_(std::move(brought)),
      next_(skip_middlewares ? setup_->chain.size() : 0) {}

void admission::run() {
    const auto s = who_.lock();
    if (!s || s->current() != socket::state::deciding) return;
    try {
        step(s, {brought_.auth, brought_.remote, brought_.request, brought_.recovered});
    } catch (const std::exception& e) {
        spdlog::error("socket.io connect: {}", e.what());
        s->refuse(internal_error());
    }
}

void admission::step(const socket_ptr& s, const handshake& h) {
    if (next_ == setup_->chain.size()) return setup_->connect(s, h, connect_decision(threads_, home_, who_));
    const auto& current = setup_->chain[next_++];
    current(s, h, [t = std::make_shared<turn>(shared_from_this())](std::optional<json> refusal) {
        t->end(std::move(refusal));
    });
}

}  // namespace chatterlink::socketio
