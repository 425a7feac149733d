// How events get from the shards to the threads that run handlers, without a shard ever waiting for one.
//
// Events are posted into lanes (one for each client). Events of one lane begin in the order they were posted,
// one after the other; different lanes run at the same time. Handlers may block (sleep, a database, call()):
// * the pool grows: when an event is ready and no thread has taken one for a while, another thread is woken
// or
//   asked for, up to a bound; threads that have had nothing to do for a while end;
// * a lane does not hang: an event whose handler has run for longer than `patience` no longer holds back the
//   ones behind it (a `cancel` reaches the handler that loops until then). Strict lanes wait for ever.
//
// Nothing here knows Python: jobs are opaque, and the threads are whoever calls worker::take(). A job is
// destroyed by any thread, without the interpreter's lock, so it holds no Python objects.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace chatterlink::bindings {

/// What a thread of the pool is to do.
class job {
  public:
    virtual ~job() = default;
};

struct dispatch_limits {
    using milliseconds = std::chrono::milliseconds;

    unsigned max_threads = 256;                 // handlers that may run, or block, at the same time
    std::size_t lane_events = 10'000;           // events of one client that wait for a thread …
    std::size_t lane_bytes = 16 * 1024 * 1024;  // … and the bytes they came in
    milliseconds patience{1'000};               // a handler that runs longer may be overtaken by its lane
    milliseconds wake_after{1};                 // an event that waits this long gets another, idle thread …
    milliseconds grow_after{5};                 // … and this long a new one
    milliseconds idle{10'000};                  // a thread that had nothing to do for this long ends
};

struct dispatch_counters {
    std::uint64_t posted = 0;     // events taken over
    std::uint64_t refused = 0;    // events that found their lane full
    std::uint64_t overtaken = 0;  // handlers that ran longer than `patience` while their lane waited
    std::uint64_t waiting = 0;    // events that wait now
    unsigned threads = 0;         // of the pool, now
    unsigned most_threads = 0;    // at any time
};

enum class post_outcome : std::uint8_t {
    queued,
    high,  // queued, and half of what may wait is reached: read no more until the lane's `relieved` is called
    full,  // not taken: the client sends faster than its events are handled
    over,  // not taken: the dispatcher has ended
};

/// All members may be called from any thread; none but wait(), supervise() and drain() blocks.
class dispatcher {
  public:
    class lane;
    using lane_ptr = std::shared_ptr<lane>;
    class worker;

    explicit dispatcher(dispatch_limits limits = {});
    ~dispatcher();  // no worker is left, nobody is in supervise()
    dispatcher(const dispatcher&) = delete;
    dispatcher& operator=(const dispatcher&) = delete;

    /// `strict`: events run one at a time however long they take. `relieved` is called, from the thread that
    /// takes an event, when a lane that reported `high` has shrunk to a quarter of its limit; it must not
    /// block or call the dispatcher.
    lane_ptr make_lane(bool strict = false, std::function<void()> relieved = {});

    /// `bytes`: what the event holds, for the lane's bound; an empty lane takes an event of any size.
    /// `always`: beyond the bound, too (the end of a client, of which there is one).
    post_outcome post(const lane_ptr& to, std::unique_ptr<job> what, std::size_t bytes = 0,
                      bool always = false);

    /// For one thread: waits until another worker is wanted (true) or until the end (false), and meanwhile
    /// wakes idle ones and lets lanes overtake. After true a worker is made, or start_failed() called.
    bool supervise();
    /// A thread could not be started: none is asked for during the next second.
    void start_failed();

    /// Waits until everything posted was handled; false if that took longer. What the calling thread is
    /// handling itself is excepted, and its lane goes on without it.
    bool drain(std::chrono::milliseconds patience);
    /// For good: wakes everybody who waits, drops what was not begun; later posts are refused.
    void end();

    dispatch_counters counters() const;
    const dispatch_limits& limits() const noexcept { return limits_; }

  private:
    using clock = std::chrono::steady_clock;
    using time = clock::time_point;

    void make_ready(const lane_ptr& l, time now);
    void wake_one();
    unsigned active() const noexcept { return running_fast_ + waking_ + starting_; }
    void finish(worker& w, time now);
    void want_supervisor(time by);
    void pass(worker& w, time now);
    time overtake(time now);

    const dispatch_limits limits_;
    mutable std::mutex lock_;  // held for moments only, by shards too
    std::condition_variable supervisor_wake_;
    std::condition_variable drained_;
    time supervisor_due_ = time::min();  // until when supervise() sleeps; min: nobody is in it
    std::deque<lane_ptr> ready_;         // lanes whose first event may begin
    std::list<worker*> running_;         // by when their events began
    std::vector<worker*> idle_;          // the last one to become idle is woken first
    time last_taken_{};
    time no_start_before_{};
    unsigned running_fast_ = 0;  // running and not (yet) seen to block
    unsigned waking_ = 0;
    unsigned starting_ = 0;
    std::uint64_t unfinished_ = 0;  // posted and not handled
    std::size_t drainers_ = 0;
    dispatch_counters counters_;
    bool over_ = false;
};

/// One thread of the pool, for as long as it lives. Used by that thread only.
class dispatcher::worker {
  public:
    explicit worker(dispatcher& owner);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// What was taken before is done; the next one, or null. Does not wait.
    std::unique_ptr<job> take();
    /// Waits until there may be something to take; false: this thread is not needed any more.
    bool wait();
    /// Whether the dispatcher has ended: nothing will come.
    bool over() const;

  private:
    friend class dispatcher;

    dispatcher& owner_;
    std::condition_variable wake_;
    lane_ptr lane_;  // of the event being handled; null between two
    std::list<worker*>::iterator place_;
    time started_{};
    bool slow_ = false;       // seen to block: does not count as active
    bool overtaken_ = false;  // its lane goes on without it
    bool woken_ = false;
};

}  // namespace chatterlink::bindings
