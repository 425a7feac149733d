#include "net/reactor.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <exception>
#include <future>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/posts_together.hpp"
#include "net/connection.hpp"

namespace chatterlink::net {
namespace {

thread_local shard* current_shard = nullptr;

// A handler's own mistake: that handler's work is lost, the shard and everyone else on it go on.
void log_mistake(base::shard_id where, const std::exception& e) {
    spdlog::error("shard {}: unexpected exception: {}", where, e.what());
}

}  // namespace

struct connection_list : boost::intrusive::list<connection, boost::intrusive::base_hook<connection_hook>,
                                                boost::intrusive::constant_time_size<false>> {};

shard::shard(base::shard_id id, bool io_uring)
    : id_(id),
      io_uring_(io_uring),
      inputs_(readiness::make(context_)),
      scratch_(64 * 1024),
      connections_(std::make_unique<connection_list>()) {}

shard::~shard() = default;

void shard::adopt(connection& c) {
    connections_->push_back(c);
}

std::size_t shard::connections() const noexcept {
    return connections_->size();
}

std::vector<std::shared_ptr<connection>> shard::all_connections() {
    std::vector<std::shared_ptr<connection>> all;
    for (auto& c : *connections_) {
        if (auto alive = c.weak_from_this().lock()) all.push_back(std::move(alive));
    }
    return all;
}

void shard::shut_down() {
    for (const auto& c : all_connections()) {
        if (const auto owner = c->owner()) owner->shutting_down();
    }
}

void shard::close_connections() {
    for (const auto& c : all_connections()) c->close_now();
}

void shard::one_shot::run() {
    const auto task = std::move(what);
    home.shots_.erase(self);  // ends *this
    task();
}

shard* shard::current() noexcept {
    return current_shard;
}

void shard::run() {
    current_shard = this;
    const auto work = boost::asio::make_work_guard(context_);
    while (!context_.stopped()) {
        try {
            run_round();
        } catch (const std::exception& e) {
            log_mistake(id_, e);
        }
        catching_up_.offer();
        flushes_.flush_some();  // also after a mistake: what the round's other handlers queued does not wait
    }
    flushes_.flush_all();
    current_shard = nullptr;
}

void shard::run_round() {
    full_ = false;
    arm_kernel_timer();
    if (flushes_.empty() && turns_.empty() && piles_.empty() && !inputs_->pending()) {
        ++waits_;
        inputs_->arm();
        context_.run_one();
    }
    // What has arrived meanwhile too: who is written to after that gets it with the rest.
    bool more = true;
    for (int look = 0; more && !full_ && look < looks_per_round; ++look) {
        more = !serving_ && (inputs_->look() || !turns_.empty());
        const bool all_ran = run_handlers();
        if (more) serve_behind_posted(all_ran);
    }
    timers_.advance(base::steady_now());
}

// True: none is left.
bool shard::run_handlers() {
    if (!piles_.empty() && !full_) work_off();
    for (int n = 0; !full_ && n < handlers_per_round; ++n) {
        if (context_.poll_one() == 0) return true;
    }
    return false;
}

// What was posted together, as much of it as a round may do.
void shard::work_off() {
    for (std::size_t n = 0; !full_ && !piles_.empty() && n < tasks_per_round; ++n) {
        auto& first = piles_.front();
        const auto task = std::move(first.tasks[first.next]);
        if (++first.next == first.tasks.size()) piles_.pop_front();
        try {
            task();
        } catch (const std::exception& e) {
            log_mistake(id_, e);
        }
    }
    full_ = true;
}

// Behind what was posted before the bytes came: who posts something and then sends, or lets send, finds it
// done when that arrives. If all of it has run since, that is now. Else a task keeps the place; posted from
// outside a handler it costs a system call, since Asio then wakes whoever might wait.
void shard::serve_behind_posted(bool all_ran) {
    if (all_ran) return serve_inputs();
    boost::asio::post(context_, [this] { serve_inputs(); });
    serving_ = true;
}

void shard::serve_inputs() {
    serving_ = false;
    inputs_->serve(full_);
    take_turns();
}

// Of those that were there at the beginning.
void shard::take_turns() {
    for (auto left = std::min<std::size_t>(turns_.size(), handlers_per_round); left > 0; --left) {
        const auto c = std::move(turns_.front());
        turns_.pop_front();
        if (c) c->on_turn();
        if (full_) return;
    }
}

void shard::forget_turn(const connection& c) noexcept {
    for (auto& each : turns_) {
        if (each.get() == &c) each.reset();
    }
}

void shard::arm_kernel_timer() {
    const auto due = timers_.next_due().value_or(base::steady_time::max());
    if (due == armed_for_) return;
    if (due == base::steady_time::max()) {
        kernel_timer_.cancel();
    } else {
        kernel_timer_.expires_at(due);
        kernel_timer_.async_wait([this](const boost::system::error_code& failed) {
            if (!failed) armed_for_ = base::steady_time::max();  // run() advances the wheel after every round
        });
    }
    armed_for_ = due;
}

reactor::reactor(base::shard_id count, bool io_uring) {
    for (base::shard_id i = 0; i < count; ++i) shards_.push_back(std::make_unique<shard>(i, io_uring));
}

reactor::~reactor() {
    stop();
}

void reactor::start() {
    // Signals are the main thread's business: shards block them, so that a signal is always delivered there.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (auto& s : shards_) {
        std::promise<void> begun;
        const auto has_begun = begun.get_future();
        threads_.emplace_back([&s, begun = std::move(begun)]() mutable {
            if (s->io_uring_) s->flushes_.use_ring();
            begun.set_value();
            s->run();
        });
        has_begun.wait();  // its ring is open: who counts descriptors from now on finds as many later
#ifdef __linux__
        pthread_setname_np(threads_.back().native_handle(), ("shard-" + std::to_string(s->id())).c_str());
#endif
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void reactor::stop() {
    if (std::exchange(stopped_, true)) return;
    for (auto& s : shards_) s->context_.stop();
    for (auto& t : threads_) t.join();
    threads_.clear();
    // What is still queued holds connections and what belongs to them: it runs now, so that nothing of it is
    // left when the layers above are gone.
    for (int round = 0; round < 100; ++round) {
        std::size_t ran = 0;
        for (auto& s : shards_) {
            current_shard = s.get();
            s->close_connections();
            s->flushes_.clear();
            s->turns_.clear();
            s->catching_up_.clear();
            s->context_.restart();
            do {  // what was posted together comes before what was posted after it
                for (; !s->piles_.empty(); ++ran) {
                    s->full_ = false;
                    s->work_off();
                }
            } while (s->context_.poll_one() != 0 && ++ran != 0);
        }
        if (ran == 0) break;
    }
    current_shard = nullptr;
}

base::shard_id reactor::current() const noexcept {
    const shard* const here = current_shard;
    return here != nullptr && here->id() < shards_.size() && shards_[here->id()].get() == here
               ? here->id()
               : base::no_shard;
}

std::uint64_t reactor::waits() const noexcept {
    return current_shard != nullptr ? current_shard->waits_ : 0;
}

void reactor::post(base::shard_id where, task what) {
    if (auto* const together = base::posts_together::current()) {
        together->keep(*this, where, std::move(what));
    } else {
        boost::asio::post(shards_[where]->context_, std::move(what));
    }
}

void reactor::post_all(base::shard_id where, std::vector<task> what) {
    if (what.empty()) return;
    shard& there = *shards_[where];
    boost::asio::post(there.context_, [&there, all = std::move(what)]() mutable {
        there.piles_.push_back({std::move(all)});
        there.work_off();
    });
}

void reactor::after(base::milliseconds delay, task what) {
    shard& here = *current_shard;
    here.shots_.emplace_front(here, std::move(what));
    auto& shot = here.shots_.front();
    shot.self = here.shots_.begin();
    here.start_timer(shot.clock, delay);
}

}  // namespace chatterlink::net
