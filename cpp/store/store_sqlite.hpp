// The store port over one SQLite file: the default. Success of an append means committed and on the disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/error.hpp"
#include "chat/store.hpp"

namespace chatterlink::store {

struct sqlite_options {
    /// The database file; made (mode 0600) when it is not there. Its folder must exist.
    std::filesystem::path path;
    /// Appends and uploads that may wait for the disk, in number and in bytes; more end with
    /// store_unavailable.
    std::size_t write_queue_limit = 100'000;
    std::size_t write_queue_bytes_limit = 256 * 1024 * 1024;
    /// Reads that may wait; more end with store_unavailable.
    std::size_t read_queue_limit = 10'000;
    /// The write-ahead log is folded into the database once it holds so many pages (4 KiB each).
    int checkpoint_pages = 4'000;
    /// How long to wait for another process that holds the database's lock.
    std::chrono::milliseconds busy_timeout{5'000};
};

/// Opens or makes the database and brings its schema up to date.
///
/// Errors, each with a sentence that names the file and says what to do: io_failed (folder missing or not
/// writable, not a database or another program's, damaged, locked, made by a newer version, on a file system
/// without shared memory).
///
/// Threads: one writes, one folds the write-ahead log in, one reads; completions are called on the writer's
/// and the reader's, so they should be short (post to a shard). Everything that waits when the writer comes
/// back goes into one transaction (group commit) with synchronous=FULL. Reads never wait for a commit. When a
/// transaction fails (disk full, I/O error, locked for longer than busy_timeout) nothing of it is kept, its
/// appends end with store_unavailable and healthy() is false until a commit succeeds; while nothing is sent
/// it tries by itself, once a second. Several processes may have one file open. close() and the destructor
/// (which closes) must not be called from inside a completion.
base::result<std::unique_ptr<chat::store>> open_store_sqlite(sqlite_options options);

}  // namespace chatterlink::store
