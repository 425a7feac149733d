#include "store/store_sqlite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "store/sqlite_database.hpp"
#include "store/sqlite_migrations.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_writer.hpp"

namespace chatterlink::store {
namespace {

using base::errc;

constexpr std::int64_t our_application_id = 0x43484C4B;  // "CHLK", set by 0001_initial.sql

class store_sqlite final : public chat::store {
  public:
    store_sqlite(sqlite_database writing, sqlite_database checkpointing, sqlite_database reading,
                 const sqlite_options& options)
        : path_(options.path.string()),
          writer_(std::move(writing), std::move(checkpointing), options),
          reader_(std::move(reading), options) {}
    ~store_sqlite() override { store_sqlite::close(); }

    void append(chat::draft what, done<chat::appended> then) override {
        writer_.append(std::move(what), std::move(then));
    }
    void history(chat::history_query which, done<chat::history_page> then) override {
        reader_.history(std::move(which), std::move(then));
    }
    void rooms(done<std::vector<chat::room_info>> then) override { reader_.rooms(std::move(then)); }
    void add_upload(chat::upload what, done<chat::upload> then) override {
        writer_.add_upload(std::move(what), std::move(then));
    }
    void find_upload(std::string name, done<chat::upload> then) override {
        reader_.find_upload(std::move(name), std::move(then));
    }
    void close() override {
        writer_.stop_taking();
        reader_.close();  // first, so that the writer's last checkpoint finds no reader in its way
        writer_.close();
    }
    std::string description() const override { return "sqlite (" + path_ + ")"; }
    bool healthy() const noexcept override { return writer_.healthy(); }

  private:
    const std::string path_;
    sqlite_writer writer_;
    sqlite_reader reader_;
};

base::error refuse(const std::filesystem::path& path, const std::string& why, const std::string& what_to_do) {
    return base::fail(errc::io_failed,
                      "cannot use the database " + path.string() + ": " + why + ". " + what_to_do);
}

const std::string other_folder = "or choose another folder with --data.";

// SQLite makes files that everybody may read; its -wal and -shm files take the mode of the database. A file
// that is there is left alone, not even opened: closing it would drop the locks another connection of this
// process has on it (sqlite.org/howtocorrupt.html, 2.2).
base::result<void> make_private_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        ::close(file);
    } else if (errno != EEXIST) {
        return refuse(path, std::strerror(errno),
                      "Make sure that its folder exists and may be written to, " + other_folder);
    }
    return {};
}

base::error explain(const std::filesystem::path& path, const sqlite_error& e) {
    switch (e.primary_code()) {
        case SQLITE_NOTADB:
            return refuse(path, "the file is not a database", "Move it away, " + other_folder);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return refuse(path, "another program has locked it", "Stop that program, " + other_folder);
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return refuse(path, e.what(),
                          "Make sure that the file and its folder may be written to, " + other_folder);
        case SQLITE_CORRUPT:
            return refuse(path, "it is damaged (" + std::string(e.what()) + ")",
                          "Put back a copy, " + other_folder);
        case SQLITE_FULL:
            return refuse(path, "the disk is full", "Make room, " + other_folder);
        default:
            return refuse(path, e.what(), "Look at the disk and the file, " + other_folder);
    }
}

std::string megabytes(std::uintmax_t bytes) {
    constexpr std::uintmax_t megabyte = 1'000'000;
    return std::to_string((bytes + megabyte - 1) / megabyte) + " MB";
}

// A migration that fills the disk succeeds, and then no message can be kept.
base::result<void> look_for_room(const std::filesystem::path& path, std::int64_t needed) {
    std::error_code failed;
    const auto disk = std::filesystem::space(path, failed);
    if (failed || std::cmp_greater_equal(disk.available, needed)) return {};
    return refuse(path,
                  "it has to be brought to a newer schema, for which " +
                      megabytes(static_cast<std::uintmax_t>(needed)) + " have to be free on its disk, and " +
                      megabytes(disk.available) + " are",
                  "Make room, " + other_folder);
}

// An empty file is fine, and so is ours; another program's database must not get our tables. All in one
// transaction, because another process may be making it ours right now. (When a read throws, the connection
// goes away with it.)
bool belongs_to_another_program(sqlite_database& database) {
    database.execute("BEGIN");
    const bool ours = database.integer("PRAGMA application_id") == our_application_id;
    const bool empty = database.integer("SELECT count(*) FROM sqlite_schema") == 0 &&
                       database.integer("PRAGMA user_version") == 0;
    database.rollback();
    return !ours && !empty;
}

// Changing into WAL mode does not wait for the lock by itself (SQLite gives up at once to avoid a deadlock).
void use_write_ahead_log(sqlite_database& database, std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds pause{20};
    const auto deadline = base::steady_now() + patience;
    for (;;) {
        try {
            if (database.string("PRAGMA journal_mode = WAL") == "wal") return;
            throw sqlite_error(SQLITE_IOERR,
                               "the file system cannot hold a write-ahead log (is it a network folder?)");
        } catch (const sqlite_error& e) {
            if (e.primary_code() != SQLITE_BUSY || base::steady_now() >= deadline) throw;
        }
        std::this_thread::sleep_for(pause);
    }
}

sqlite_database connect(const sqlite_options& options) {
    sqlite_database database(options.path, options.busy_timeout);
    // An acked message survives a power failure: commits and checkpoints wait for the disk.
    database.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF");
    return database;
}

}  // namespace

base::result<std::unique_ptr<chat::store>> open_store_sqlite(sqlite_options options) {
    std::error_code failed;
    if (auto absolute = std::filesystem::absolute(options.path, failed); !failed)
        options.path = std::move(absolute);
    if (const auto made = make_private_file(options.path); !made) return made.error();
    try {
        base::init_random();
        auto writing = connect(options);
        if (writing.read_only()) throw sqlite_error(SQLITE_READONLY, "it may only be read");
        if (belongs_to_another_program(writing)) {
            return refuse(options.path, "it belongs to another program", "Move it away, " + other_folder);
        }
        use_write_ahead_log(writing, options.busy_timeout);
        // The write-ahead log is cut back to 64 MiB if it ever grew.
        writing.execute("PRAGMA journal_size_limit = 67108864");
        const auto needed = room_to_migrate(writing, sqlite_migrations());
        if (const auto room = look_for_room(options.path, needed); !room) return room.error();
        if (const auto migrated = migrate(writing, sqlite_migrations()); !migrated) {
            return refuse(options.path, migrated.error().message, "Use that version, " + other_folder);
        }
        if (needed > 0)
            writing.execute("PRAGMA wal_checkpoint(TRUNCATE)");  // the log is as large as the file
        writing.execute("PRAGMA foreign_keys = ON");             // not before: a migration may replace tables
        auto checkpointing = connect(options);
        auto reading = connect(options);
        return std::unique_ptr<chat::store>(std::make_unique<store_sqlite>(
            std::move(writing), std::move(checkpointing), std::move(reading), options));
    } catch (const sqlite_error& e) {
        return explain(options.path, e);
    } catch (const base::failure& e) {
        return e.get();
    } catch (const std::exception& e) {  // no memory, no thread
        return refuse(options.path, e.what(), "Look at the limits of this process and try again.");
    }
}

}  // namespace chatterlink::store
