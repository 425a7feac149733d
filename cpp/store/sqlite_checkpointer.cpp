#include "store/sqlite_checkpointer.hpp"

#include <utility>
#include <vector>

#include "base/worker_thread.hpp"

namespace chatterlink::store {

sqlite_checkpointer::sqlite_checkpointer(sqlite_database database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

sqlite_checkpointer::~sqlite_checkpointer() {
    stop();
}

void sqlite_checkpointer::start() {
    if (started_) return;
    started_ = true;
    order begin;
    orders_.put(begin, 0);
}

bool sqlite_checkpointer::take_finished() {
    if (!finished_.exchange(false)) return false;
    started_ = false;
    return true;
}

void sqlite_checkpointer::stop() {
    orders_.close();
    if (thread_.joinable()) thread_.join();
}

void sqlite_checkpointer::run() {
    base::become_worker("store-checkpt");
    std::vector<order> orders;
    while (orders_.take(orders) == work_queue<order>::wake::jobs) {
        orders.clear();
        fold_in();
        finished_ = true;
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
