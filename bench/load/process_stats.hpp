// What the server costs, read from outside while it runs.
#pragma once

#include <cstdint>
#include <vector>

#include "load/clock.hpp"

namespace chatterlink::load {

/// A process with its children and theirs, as they are now. The children are looked up once, when this is
/// made, and again with refresh(): servers that fork do so at the start.
class process_stats {
  public:
    /// Throws could_not_run when there is no such process.
    explicit process_stats(std::int64_t pid);

    void refresh();

    /// CPU time of all their threads, ended ones included, in nanoseconds. Processes that have ended count as
    /// 0.
    nanoseconds cpu() const;

    /// Resident memory in KiB, added up; pages that they share count for each of them.
    std::uint64_t rss_kib() const;

    std::size_t processes() const noexcept { return pids_.size(); }

  private:
    std::int64_t root_;
    std::vector<std::int64_t> pids_;
};

/// CPU time of this process.
nanoseconds own_cpu() noexcept;

}  // namespace chatterlink::load
