// What waits for a thread: bounded in number and bytes, taken all at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace chatterlink::store {

/// When a batch that was taken waits for more (work_queue::gather).
struct gather_rule {
    std::size_t from = 64;   // jobs; fewer do not wait
    std::size_t to = 4'096;  // more do not wait either
    int pauses = 4;          // at most, each as long as
    std::chrono::milliseconds pause{1};
};

/// Any thread puts, one thread takes.
template <class Job>
class work_queue {
  public:
    enum class outcome { taken, full, closed };
    enum class wake { jobs, timeout, closed };

    work_queue(std::size_t jobs_limit, std::size_t bytes_limit)
        : jobs_limit_(jobs_limit), bytes_limit_(bytes_limit) {}

    /// Moves the job in, or leaves it as it is when it is not taken.
    outcome put(Job& job, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        if (closed_) return outcome::closed;
        if (jobs_.size() >= jobs_limit_ || bytes > bytes_limit_ - bytes_) return outcome::full;
        jobs_.push_back(std::move(job));
        bytes_ += bytes;
        // Under the lock: once the job is done, whoever waited for it may destroy the queue.
        if (std::exchange(taker_waits_, false)) ready_.notify_one();
        return outcome::taken;
    }

    /// Waits for jobs and swaps all of them into `into` (empty before). `closed`: none is left and none will
    /// come.
    wake take(std::vector<Job>& into, std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
        std::unique_lock lock(mutex_);
        const auto awake = [&] { return closed_ || !jobs_.empty(); };
        taker_waits_ = true;
        if (!timeout) {
            ready_.wait(lock, awake);
        } else if (!ready_.wait_for(lock, *timeout, awake)) {
            taker_waits_ = false;
            return wake::timeout;
        }
        taker_waits_ = false;
        if (jobs_.empty()) return wake::closed;
        into.swap(jobs_);
        bytes_ = 0;
        return wake::jobs;
    }

    /// Pauses and appends to a batch what has come meanwhile, while it grows by a quarter each time: jobs
    /// that pour in then share what a batch costs, and one that comes alone waits for nobody (PostgreSQL's
    /// commit_delay and commit_siblings). `sleep` is given the pause.
    template <class Sleep>
    void gather(std::vector<Job>& batch, const gather_rule& rule, const Sleep& sleep) {
        for (int n = 0; n < rule.pauses; ++n) {
            const auto before = batch.size();
            if (before < rule.from || before > rule.to) return;
            sleep(rule.pause);
            take_more(batch);
            if (batch.size() < before + before / 4) return;
        }
    }

    /// Takes nothing more; what is in it can still be taken.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        ready_.notify_one();
    }

    bool takes() const {
        const std::lock_guard lock(mutex_);
        return !closed_ && jobs_.size() < jobs_limit_ && bytes_ < bytes_limit_;
    }

  private:
    void take_more(std::vector<Job>& into) {
        const std::lock_guard lock(mutex_);
        into.insert(into.end(), std::move_iterator(jobs_.begin()), std::move_iterator(jobs_.end()));
        jobs_.clear();
        bytes_ = 0;
    }

    const std::size_t jobs_limit_;
    const std::size_t bytes_limit_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<Job> jobs_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
    bool taker_waits_ = false;
};

}  // namespace chatterlink::store
