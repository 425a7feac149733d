// SQLite's C interface with owners and exceptions. For this folder only; nothing of it leaves the adapter.
//
// A connection and its statements belong to one thread at a time (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chatterlink::store {

/// Any failure SQLite reports. code() is its extended result code, what() its English message.
class sqlite_error : public std::runtime_error {
  public:
    sqlite_error(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
    int code() const noexcept { return code_; }
    int primary_code() const noexcept { return code_ & 0xff; }

  private:
    int code_;
};

/// A prepared statement, reusable.
class sqlite_statement {
  public:
    /// Throws sqlite_error. `sql` must be one statement.
    sqlite_statement(sqlite3* connection, std::string_view sql);

    /// One run of a statement: the rows. Resets the statement when it ends. At most one at a time.
    class rows {
      public:
        explicit rows(sqlite3_stmt* statement) : statement_(statement) {}
        ~rows() { sqlite3_reset(statement_); }
        rows(const rows&) = delete;
        rows& operator=(const rows&) = delete;

        /// Goes to the next row (the first at first); false when there is none. Throws sqlite_error.
        bool next();

        std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
        /// Valid until next() or the end of the run.
        std::string_view text(int column) const;
        std::string string(int column) const { return std::string(text(column)); }

      private:
        sqlite3_stmt* statement_;
    };

    /// Binds ?1, ?2 … and runs. Texts must stay where they are as long as the rows do. Throws sqlite_error.
    template <class... Values>
    rows query(const Values&... values) {
        set(1, values...);
        return rows(statement_.get());
    }

    /// The same for a statement without rows. Throws sqlite_error.
    template <class... Values>
    void execute(const Values&... values) {
        auto run = query(values...);
        while (run.next()) {
        }
    }

    /// Binds ?first and those behind it, for a statement with more of them than one call names: an execute()
    /// without values runs it. Throws sqlite_error.
    template <class... Values>
    void set(int first, const Values&... values) {
        (bind(first++, values), ...);
    }

  private:
    void bind(int index, std::string_view text);
    void bind_integer(int index, std::int64_t value);
    template <std::integral Integer>
    void bind(int index, Integer value) {
        bind_integer(index, static_cast<std::int64_t>(value));
    }

    struct finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, finalize> statement_;
};

/// A connection.
class sqlite_database {
  public:
    /// Opens an existing file for reading and writing; changes nothing in it. Throws sqlite_error.
    sqlite_database(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout);

    /// Runs statements that give no rows, or whose rows do not matter. Throws sqlite_error.
    void execute(const char* sql);
    sqlite_statement prepare(std::string_view sql) const { return {connection_.get(), sql}; }
    /// The first column of the first row. Throws sqlite_error, also when there is no row.
    std::int64_t integer(std::string_view sql) const;
    std::string string(std::string_view sql) const;

    /// How many rows the last INSERT, UPDATE or DELETE changed.
    int changes() const noexcept { return sqlite3_changes(connection_.get()); }
    std::int64_t last_insert_rowid() const noexcept { return sqlite3_last_insert_rowid(connection_.get()); }
    bool read_only() const noexcept { return sqlite3_db_readonly(connection_.get(), "main") != 0; }

    /// Ends the transaction if there is one (SQLite may have ended it itself); never fails.
    void rollback() noexcept;

    /// From now on `pages` says after each commit of this connection how many pages the write-ahead log
    /// holds, and SQLite folds in nothing by itself (sqlite.org/c3ref/wal_hook.html). `pages` must outlive
    /// the connection.
    void watch_log(int& pages) noexcept;
    /// Waits until what was written to the database file (not its log) is on the disk. Throws sqlite_error.
    void sync();

  private:
    struct close {
        void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
    };
    std::unique_ptr<sqlite3, close> connection_;
};

}  // namespace chatterlink::store
