#include "store/sqlite_checkpointer.hpp"

#include <utility>

#include "base/worker_thread.hpp"

namespace chatterlink::store {

sqlite_checkpointer::sqlite_checkpointer(sqlite_database database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

sqlite_checkpointer::~sqlite_checkpointer() {
    stop();
}

void sqlite_checkpointer::start() {
    const std::lock_guard lock(mutex_);
    if (state_ != state::idle) return;
    state_ = state::at_work;
    changed_.notify_one();
}

bool sqlite_checkpointer::take_finished() {
    const std::lock_guard lock(mutex_);
    if (state_ != state::finished) return false;
    state_ = state::idle;
    return true;
}

void sqlite_checkpointer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void sqlite_checkpointer::run() {
    base::become_worker("store-checkpt");
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || state_ == state::at_work; });
        if (stopping_) return;
        lock.unlock();
        fold_in();
        lock.lock();
        state_ = state::finished;
    }
}

void sqlite_checkpointer::fold_in() noexcept {
    try {
        database_.execute("PRAGMA wal_checkpoint(PASSIVE)");
        // SQLite does this only once it has reached the log's end, which would leave it all to the writer.
        database_.sync();
    } catch (const sqlite_error&) {
        // The writer meets the same when it folds in the rest, and the log goes on as it is.
    }
}

}  // namespace chatterlink::store
