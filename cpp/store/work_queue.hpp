// What waits for a thread: bounded in number and bytes, taken all at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace chatterlink::store {

/// Any thread puts, one thread takes.
template <class Job>
class work_queue {
  public:
    enum class outcome { taken, full, closed };
    enum class wake { jobs, timeout, closed };

    work_queue(std::size_t jobs_limit, std::size_t bytes_limit)
        : jobs_limit_(jobs_limit), bytes_limit_(bytes_limit) {}

    /// Makes a job of it in the queue, or leaves it as it is when it is not taken.
    template <class What>
    outcome put(What& what, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        if (closed_) return outcome::closed;
        if (jobs_.size() >= jobs_limit_ || bytes > bytes_limit_ - bytes_) return outcome::full;
        jobs_.emplace_back(std::move(what));
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
