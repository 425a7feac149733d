// The threads: N shards, each one thread with its own io_context, timer wheel and list of connections that
// have something to write.
//
// Each round of a shard runs ready handlers first and only then writes what connections have queued, each
// with one call ("drain, then flush", docs/architecture.md): a broadcast costs one system call at most per
// member, however many messages came until its turn (flush_list.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/shards.hpp"
#include "net/catch_up_list.hpp"
#include "net/flush_list.hpp"
#include "net/readiness.hpp"
#include "net/send_queue.hpp"
#include "net/timer_wheel.hpp"

namespace chatterlink::net {

class connection;

// Links a connection into its shard's list of all connections.
using connection_hook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class shard {
  public:
    /// io_uring: use it for the sends if it is to be had.
    explicit shard(base::shard_id id, bool io_uring = true);
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    base::shard_id id() const noexcept { return id_; }
    boost::asio::io_context& context() noexcept { return context_; }

    /// This shard's thread only, as everything below.
    timer_wheel& timers() noexcept { return timers_; }
    void start_timer(timer& t, base::milliseconds delay) { timers_.start(t, base::steady_now(), delay); }

    /// The connections that have something to write.
    flush_list& flushes() noexcept { return flushes_; }

    /// Those of them that have too much to write.
    catch_up_list& catching_up() noexcept { return catching_up_; }
    /// Nothing more in this round but to write what is queued.
    void end_round() noexcept { full_ = true; }

    /// Which of its connections have something to read, or room to write.
    readiness& inputs() noexcept { return *inputs_; }
    /// on_turn() is called in one of the next rounds: for a connection that has something to read already.
    void serve_soon(std::shared_ptr<connection> c) { turns_.push_back(std::move(c)); }
    void forget_turn(const connection& c) noexcept;

    /// For the send queues of its connections.
    queue_nodes& nodes() noexcept { return nodes_; }

    /// Room to read into, shared by every connection of the shard: valid until the current handler returns.
    std::span<char> scratch() noexcept { return scratch_; }

    /// The shard whose thread is calling, or null.
    static shard* current() noexcept;

    /// Every connection that lives here links itself in.
    void adopt(connection& c);
    std::size_t connections() const noexcept;
    /// Tells the owners of them all that the process ends.
    void shut_down();
    /// Ends them all without further ado. On the shard's thread, or when it has ended.
    void close_connections();

  private:
    friend class reactor;
    // Then what is queued is written, so that a flood cannot hold it back. Looks: for input, while there is
    // some.
    static constexpr int handlers_per_round = 64;
    static constexpr int looks_per_round = 4;
    // Of tasks that were posted together; they count as a round's handlers.
    static constexpr std::size_t tasks_per_round = 256;

    void run();
    void run_round();
    void work_off();
    bool run_handlers();
    void serve_behind_posted(bool all_ran);
    void serve_inputs();
    void take_turns();
    void arm_kernel_timer();
    std::vector<std::shared_ptr<connection>> all_connections();

    // A timer with one task, for base::shards::after().
    struct one_shot {
        one_shot(shard& owner, base::shards::task task) : home(owner), what(std::move(task)) {}
        shard& home;
        base::shards::task what;
        std::list<one_shot>::iterator self{};
        timer clock{[](void* shot) { static_cast<one_shot*>(shot)->run(); }, this};
        void run();
    };

    base::shard_id id_;
    bool io_uring_;
    boost::asio::io_context context_{1};
    timer_wheel timers_{base::steady_now()};
    boost::asio::steady_timer kernel_timer_{context_};
    base::steady_time armed_for_ = base::steady_time::max();
    queue_nodes nodes_;
    std::unique_ptr<readiness> inputs_;
    std::uint64_t waits_ = 0;
    bool serving_ = false;  // serve_inputs() is in the context's queue
    bool full_ = false;     // this round has done enough
    // Tasks that were posted together and have not run yet. What was posted after them has to wait.
    struct pile {
        std::vector<base::shards::task> tasks;
        std::size_t next = 0;
    };
    std::deque<pile> piles_;
    std::deque<std::shared_ptr<connection>> turns_;
    flush_list flushes_;
    catch_up_list catching_up_{*this};
    std::vector<char> scratch_;
    std::list<one_shot> shots_;
    std::unique_ptr<struct connection_list> connections_;
};

class reactor final : public base::shards {
  public:
    /// Makes the shards; no thread runs yet. io_uring: use it for the sends if it is to be had.
    explicit reactor(base::shard_id count, bool io_uring = true);
    ~reactor() override;  // stop()

    void start();
    /// Ends every shard's loop after its current round, joins the threads, closes what is still connected and
    /// runs, on this thread, the tasks that are left (timers excepted). Not from a shard. For good: called
    /// again it does nothing.
    void stop();

    shard& at(base::shard_id id) noexcept { return *shards_[id]; }

    base::shard_id count() const noexcept override { return static_cast<base::shard_id>(shards_.size()); }
    base::shard_id current() const noexcept override;
    std::uint64_t waits() const noexcept override;
    void post(base::shard_id where, task what) override;
    void post_all(base::shard_id where, std::vector<task> what) override;
    void after(base::milliseconds delay, task what) override;

  private:
    std::vector<std::unique_ptr<shard>> shards_;
    std::vector<std::thread> threads_;
    bool stopped_ = false;
};

}  // namespace chatterlink::net
