// Folds the write-ahead log into the database beside the writer, who else would stand still meanwhile.
#pragma once

#include <atomic>
#include <thread>

#include "store/sqlite_database.hpp"
#include "store/work_queue.hpp"

namespace chatterlink::store {

/// A connection and a thread that copy what the log holds and wait for the disk, while the writer goes on
/// appending. So they never reach the log's end: the pages that came meanwhile are the writer's to fold in,
/// and only then the log begins anew (sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").
///
/// start(), take_finished() and stop() are for one thread, the writer's.
class sqlite_checkpointer {
  public:
    /// Takes a connection to the writer's database; checkpoints are all it is used for.
    explicit sqlite_checkpointer(sqlite_database database);
    ~sqlite_checkpointer();  // stops

    /// Begins; nothing while it is at work, or until take_finished() has told of the last time.
    void start();
    /// True once after each start(), when its work is done. Whether it went well is not told: what could not
    /// be folded in is still in the log.
    bool take_finished();
    /// Waits for what has been started and ends the thread.
    void stop();

  private:
    struct order {};

    void run();
    void fold_in() noexcept;

    sqlite_database database_;
    bool started_ = false;  // the writer's thread only
    std::atomic<bool> finished_{false};
    work_queue<order> orders_{1, 0};
    std::thread thread_;  // last: it uses everything above
};

}  // namespace chatterlink::store
