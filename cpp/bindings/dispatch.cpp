#include "bindings/dispatch.hpp"

#include <algorithm>
#include <utility>

namespace chatterlink::bindings {
namespace {

constexpr std::chrono::seconds start_pause{1};  // after a thread could not be started

// The worker whose event the calling thread is handling.
thread_local dispatcher::worker* current_worker = nullptr;

}  // namespace

class dispatcher::lane {
  public:
    lane(bool one_at_a_time, std::function<void()> when_relieved)
        : strict(one_at_a_time), relieved(std::move(when_relieved)) {}

    struct entry {
        std::unique_ptr<job> what;
        std::size_t bytes;
    };

    const bool strict;
    const std::function<void()> relieved;
    // Everything below under the dispatcher's lock.
    std::deque<entry> waiting;
    std::size_t bytes = 0;
    time ready_since{};
    time began{};       // when the last event was taken
    bool busy = false;  // its first event is ready, or one is being handled: the next one waits
    bool high = false;
};

dispatcher::dispatcher(dispatch_limits limits) : limits_(limits) {}

dispatcher::~dispatcher() = default;

dispatcher::lane_ptr dispatcher::make_lane(bool strict, std::function<void()> relieved) {
    return std::make_shared<lane>(strict, std::move(relieved));
}

post_outcome dispatcher::post(const lane_ptr& to, std::unique_ptr<job> what, std::size_t bytes, bool always) {
    const std::lock_guard guard(lock_);
    if (over_) return post_outcome::over;
    auto& l = *to;
    const bool has_room = l.waiting.size() < limits_.lane_events && l.bytes + bytes <= limits_.lane_bytes;
    if (!has_room && !l.waiting.empty() && !always) {
        ++counters_.refused;
        return post_outcome::full;
    }
    l.waiting.push_back({std::move(what), bytes});
    l.bytes += bytes;
    ++counters_.posted;
    ++counters_.waiting;
    ++unfinished_;
    if (!l.busy) {
        make_ready(to, clock::now());
    } else if (!l.strict && l.waiting.size() == 1) {
        want_supervisor(l.began + limits_.patience);  // when it may overtake the one that is being handled
    }
    if (!l.high && l.relieved &&
        (l.waiting.size() >= limits_.lane_events / 2 || l.bytes >= limits_.lane_bytes / 2)) {
        l.high = true;
    }
    return l.high ? post_outcome::high : post_outcome::queued;
}

// Somebody has to take it: an idle thread at once if nobody is at work, else whoever is done first, unless
// that takes too long (supervise()). So a stream of short events stays on one thread instead of waking them
// all.
void dispatcher::make_ready(const lane_ptr& l, time now) {
    l->busy = true;
    l->ready_since = now;
    ready_.push_back(l);
    if (active() == 0 && !idle_.empty()) {
        wake_one();
    } else {
        want_supervisor(active() == 0 ? now : now + limits_.wake_after);
    }
}

void dispatcher::wake_one() {
    worker& w = *idle_.back();
    idle_.pop_back();
    w.woken_ = true;
    ++waking_;
    w.wake_.notify_one();
}

void dispatcher::want_supervisor(time by) {
    if (by < supervisor_due_) {
        supervisor_due_ = by;
        supervisor_wake_.notify_one();
    }
}

// The lane of this worker's event goes on without it.
void dispatcher::pass(worker& w, time now) {
    w.overtaken_ = true;
    if (w.lane_->waiting.empty()) {
        w.lane_->busy = false;
    } else {
        w.lane_->ready_since = now;
        ready_.push_back(w.lane_);
    }
}

// Lets lanes go on that wait for handlers which have used up the patience. Returns when the next one will
// have.
dispatcher::time dispatcher::overtake(time now) {
    for (worker* const w : running_) {
        if (w->overtaken_ || w->lane_->strict) continue;
        const time due = w->started_ + limits_.patience;
        if (due > now) return due;                // the others have begun later
        if (w->lane_->waiting.empty()) continue;  // the post that changes this wakes the supervisor
        ++counters_.overtaken;
        pass(*w, now);
    }
    return time::max();
}

bool dispatcher::supervise() {
    std::unique_lock guard(lock_);
    for (;;) {
        if (over_) break;
        const time now = clock::now();
        time due = overtake(now);
        if (!ready_.empty()) {
            const time since = std::max(ready_.front()->ready_since, last_taken_);
            const bool nobody = active() == 0;
            const auto grace = !idle_.empty() ? limits_.wake_after : limits_.grow_after;
            if (nobody || now - since >= grace) {
                // Nothing was taken meanwhile: those who are at work have blocked.
                for (worker* const w : running_) {
                    if (!w->slow_ && now - w->started_ >= limits_.wake_after) {
                        w->slow_ = true;
                        --running_fast_;
                    }
                }
                if (!idle_.empty()) {
                    wake_one();
                    last_taken_ = now;
                    continue;
                }
                if (now < no_start_before_) {
                    due = std::min(due, no_start_before_);
                } else if (counters_.threads + starting_ < limits_.max_threads) {
                    ++starting_;
                    last_taken_ = now;
                    supervisor_due_ = time::min();
                    return true;
                }  // else every thread is taken: the next one that is done goes on
            } else {
                due = std::min(due, since + grace);
            }
        }
        supervisor_due_ = due;
        if (due == time::max()) {
            supervisor_wake_.wait(guard);
        } else {
            supervisor_wake_.wait_until(guard, due);
        }
    }
    supervisor_due_ = time::min();
    return false;
}

void dispatcher::start_failed() {
    const std::lock_guard guard(lock_);
    --starting_;
    no_start_before_ = clock::now() + start_pause;
}

bool dispatcher::drain(std::chrono::milliseconds patience) {
    std::unique_lock guard(lock_);
    std::uint64_t own = 0;
    if (current_worker != nullptr && &current_worker->owner_ == this) {
        own = 1;
        if (!current_worker->overtaken_)
            pass(*current_worker, clock::now());  // what it waits for may be there
        if (!ready_.empty()) want_supervisor(clock::now());
    }
    ++drainers_;
    const bool done = drained_.wait_for(guard, patience, [&] { return over_ || unfinished_ <= own; });
    --drainers_;
    return done;
}

void dispatcher::end() {
    std::vector<lane::entry> dropped;  // destroyed without the lock: a job may hold anything
    {
        const std::lock_guard guard(lock_);
        over_ = true;
        for (const auto& l : ready_) {
            for (auto& each : l->waiting) dropped.push_back(std::move(each));
            l->waiting.clear();
        }
        for (const worker* const w : running_) {
            for (auto& each : w->lane_->waiting) dropped.push_back(std::move(each));
            w->lane_->waiting.clear();
        }
        ready_.clear();
        counters_.waiting = 0;
        while (!idle_.empty()) wake_one();
        supervisor_wake_.notify_all();
        drained_.notify_all();
    }
}

dispatch_counters dispatcher::counters() const {
    const std::lock_guard guard(lock_);
    return counters_;
}

void dispatcher::finish(worker& w, time now) {
    if (!w.lane_) return;
    const auto l = std::exchange(w.lane_, nullptr);
    running_.erase(w.place_);
    if (!w.slow_) --running_fast_;
    --unfinished_;
    if (drainers_ != 0) drained_.notify_all();
    if (w.overtaken_ || over_) return;
    l->busy = false;
    if (!l->waiting.empty()) {
        l->busy = true;
        l->ready_since = now;
        ready_.push_back(l);  // behind the others: lanes take turns
    }
}

dispatcher::worker::worker(dispatcher& owner) : owner_(owner) {
    const std::lock_guard guard(owner_.lock_);
    if (owner_.starting_ != 0) --owner_.starting_;
    owner_.counters_.most_threads = std::max(owner_.counters_.most_threads, ++owner_.counters_.threads);
}

dispatcher::worker::~worker() {
    const std::lock_guard guard(owner_.lock_);
    current_worker = nullptr;
    owner_.finish(*this, clock::now());
    if (woken_) --owner_.waking_;
    --owner_.counters_.threads;
    if (!owner_.ready_.empty()) owner_.want_supervisor(clock::now());
}

std::unique_ptr<job> dispatcher::worker::take() {
    std::unique_lock guard(owner_.lock_);
    current_worker = nullptr;
    const time now = clock::now();
    owner_.finish(*this, now);
    if (std::exchange(woken_, false)) --owner_.waking_;
    if (owner_.ready_.empty()) return nullptr;
    lane_ = std::move(owner_.ready_.front());
    owner_.ready_.pop_front();
    auto next = std::move(lane_->waiting.front());
    lane_->waiting.pop_front();
    lane_->bytes -= next.bytes;
    --owner_.counters_.waiting;
    place_ = owner_.running_.insert(owner_.running_.end(), this);
    started_ = lane_->began = now;
    slow_ = overtaken_ = false;
    ++owner_.running_fast_;
    owner_.last_taken_ = now;
    current_worker = this;
    if (!lane_->strict) owner_.want_supervisor(now + owner_.limits_.patience);
    // Others wait: if this one blocks, somebody has to notice.
    if (!owner_.ready_.empty()) owner_.want_supervisor(now + owner_.limits_.wake_after);
    const bool relieved = lane_->high && lane_->waiting.size() <= owner_.limits_.lane_events / 4 &&
                          lane_->bytes <= owner_.limits_.lane_bytes / 4;
    if (relieved) {
        lane_->high = false;
        guard.unlock();
        lane_->relieved();
    }
    return std::move(next.what);
}

bool dispatcher::worker::wait() {
    std::unique_lock guard(owner_.lock_);
    if (owner_.over_) return false;
    if (!owner_.ready_.empty()) return true;
    owner_.idle_.push_back(this);
    while (!woken_) {
        if (wake_.wait_for(guard, owner_.limits_.idle) == std::cv_status::no_timeout || woken_) continue;
        // Nothing to do for long: the last thread stays, so that there is one when something comes.
        if (owner_.idle_.size() == 1) continue;
        std::erase(owner_.idle_, this);
        return false;
    }
    return !owner_.over_;
}

bool dispatcher::worker::over() const {
    const std::lock_guard guard(owner_.lock_);
    return owner_.over_;
}

}  // namespace chatterlink::bindings
