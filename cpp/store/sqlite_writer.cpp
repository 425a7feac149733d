#include "store/sqlite_writer.hpp"

#include <array>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/posts_together.hpp"
#include "base/worker_thread.hpp"
#include "store/completion.hpp"
#include "store/sqlite_rows.hpp"

namespace chatterlink::store {
namespace {

using base::errc;
using chat::appended;
using chat::draft;
using chat::upload;

// While commits fail and nothing is sent, how often to look whether they work again.
constexpr std::chrono::milliseconds retry_interval{1'000};

base::error not_stored() {
    return base::fail(errc::store_unavailable, "The message could not be stored. Try again in a moment.");
}

base::error too_many_writes() {
    return base::fail(errc::store_unavailable,
                      "Too many messages are waiting to be stored. Try again in a moment.");
}

// So many messages go into the database with one INSERT, where as many wait: it takes a quarter less than so
// many INSERTs (docs/performance-notes.md). 64 of them would save little more, and leave more to go one by
// one.
constexpr std::size_t messages_at_once = 16;
constexpr int message_columns = 8;

// For so many messages, with message_columns values each.
std::string insert_messages(std::size_t count) {
    std::string sql =
        "INSERT INTO messages (message_id, id, username, text, timestamp, client_id, reply_to, attachments) "
        "VALUES ";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) sql += ", ";
        sql += "(?, ?, ?, ?, ?, ?, ?, ?)";
    }
    return sql + " ON CONFLICT (room_id, username, client_id) WHERE client_id <> '' DO NOTHING";
}

// The values of one of them, from ?first on.
void set_message(sqlite_statement& insert, int first, std::int64_t row, const std::string& id,
                 const draft& what, std::int64_t now) {
    insert.set(first, row, id, what.username, what.text, now, what.client_id, what.reply_to,
               what.attachments.size());
}

std::size_t bytes_of(const upload& what) {
    return sizeof(upload) + what.name.size() + what.original.size() + what.type.size() +
           what.thumbnail.size();
}

std::size_t bytes_of(const draft& what) {
    std::size_t bytes = sizeof(draft) + what.room.size() + what.username.size() + what.text.size() +
                        what.client_id.size() + what.reply_to.size();
    for (const upload& each : what.attachments) bytes += bytes_of(each);
    return bytes;
}

}  // namespace

sqlite_writer::sqlite_writer(sqlite_database database, sqlite_database checkpointing,
                             const sqlite_options& options)
    : database_(std::move(database)),
      path_(options.path.string()),
      checkpoint_pages_(options.checkpoint_pages),
      checkpointer_(std::move(checkpointing)),
      begin_(database_.prepare("BEGIN IMMEDIATE")),
      commit_(database_.prepare("COMMIT")),
      find_room_(database_.prepare("SELECT room_id, last_seq FROM rooms WHERE name = ?1")),
      add_room_(database_.prepare("INSERT INTO rooms (name) VALUES (?1)")),
      set_last_seq_(database_.prepare("UPDATE rooms SET last_seq = ?2 WHERE room_id = ?1")),
      add_message_(database_.prepare(insert_messages(1))),
      add_messages_(database_.prepare(insert_messages(messages_at_once))),
      find_duplicate_(
          database_.prepare(std::string(select_messages) +
                            "WHERE room_id = ?1 AND username = ?2 AND client_id = ?3 AND client_id <> ''")),
      add_attachment_(database_.prepare("INSERT INTO attachments (message_id, position, name, original, "
                                        "type, size, width, height, thumbnail)"
                                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")),
      select_attachments_(database_.prepare(select_attachments)),
      add_upload_(database_.prepare(
          "INSERT OR REPLACE INTO uploads (name, original, type, size, width, height, thumbnail)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")),
      queue_(options.write_queue_limit, options.write_queue_bytes_limit) {
    database_.watch_log(log_pages_);
    thread_ = std::thread([this] { run(); });
}

sqlite_writer::~sqlite_writer() {
    close();
}

void sqlite_writer::append(draft&& what, chat::store::done<appended>&& then) {
    const std::size_t bytes = bytes_of(what);
    put_or_refuse(queue_, append_job{std::move(what), base::sortable_id(), std::move(then)}, bytes,
                  too_many_writes);
}

void sqlite_writer::add_upload(upload&& what, chat::store::done<upload>&& then) {
    const std::size_t bytes = bytes_of(what);
    put_or_refuse(queue_, upload_job{std::move(what), std::move(then)}, bytes, too_many_writes);
}

void sqlite_writer::close() {
    stop_taking();
    if (thread_.joinable()) thread_.join();
}

void sqlite_writer::run() {
    base::become_worker("store-writer");
    std::vector<any_job> batch;
    for (;;) {
        const auto timeout = can_commit_ ? std::nullopt : std::optional(retry_interval);
        const auto wake = queue_.take(batch, timeout);
        if (wake == work_queue<any_job>::wake::closed) break;
        if (wake == work_queue<any_job>::wake::timeout) {
            try_writing();
            continue;
        }
        write(batch);
        batch.clear();
        // A shard that shares this core delivers first, and reads what its clients say to that: the next
        // commit has more of it, and so have the shard's writes. With a core of its own it goes on at once.
        std::this_thread::yield();
        bound_the_log();
    }
    checkpointer_.stop();
    try {
        database_.execute("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const sqlite_error&) {
        // Another process has it open, or the disk is full: the log stays beside the database and is used
        // next time.
    }
}

void sqlite_writer::write(std::vector<any_job>& batch) {
    const bool kept = commit([&] {
        if (!keep_all(batch, true)) {
            // There are retries among them, as after a broken connection: all of it anew, one by one.
            database_.rollback();
            forget_transaction();
            begin_.execute();
            keep_all(batch, false);
        }
        for (const auto& [name, room] : rooms_) {
            if (room.changed) set_last_seq_.execute(room.room_id, room.last_seq);
        }
    });
    const base::posts_together one_piece;  // a room's members get what a commit kept in one go
    auto next = kept_.begin();
    for (any_job& each : batch) {
        if (auto* one = std::get_if<append_job>(&each)) {
            complete<appended>(
                one->then,
                kept ? base::result<appended>(result_of(std::move(*one), std::move(*next++))) : not_stored());
        } else {
            auto& other = std::get<upload_job>(each);
            complete<upload>(other.then, kept ? base::result<upload>(std::move(other.what)) : not_stored());
        }
    }
}

// One transaction around `work`: true when it is on the disk, false when nothing of it is.
template <class Work>
bool sqlite_writer::commit(Work&& work) {
    forget_transaction();
    try {
        begin_.execute();
        work();
        commit_.execute();
    } catch (const std::exception& e) {  // sqlite_error, or no memory
        database_.rollback();
        note_outcome(e.what());
        return false;
    }
    note_outcome(nullptr);
    return true;
}

void sqlite_writer::forget_transaction() noexcept {
    rooms_.clear();
    appends_.clear();
    kept_.clear();
}

// False when it met a duplicate, which only what is kept one by one can be.
bool sqlite_writer::keep_all(std::vector<any_job>& batch, bool together) {
    for (any_job& each : batch) {
        if (auto* one = std::get_if<append_job>(&each)) {
            appends_.push_back(one);
        } else {
            keep(std::get<upload_job>(each));
        }
    }
    std::span<append_job* const> left(appends_);
    for (; together && left.size() >= messages_at_once; left = left.subspan(messages_at_once)) {
        if (!keep_together(left.first(messages_at_once))) return false;
    }
    for (const append_job* each : left) keep(*each);
    return true;
}

bool sqlite_writer::keep_together(std::span<append_job* const> jobs) {
    const auto now = base::wall_now_ms();
    std::array<std::int64_t, messages_at_once> rows;
    int first = 1;
    for (std::size_t i = 0; i < jobs.size(); ++i, first += message_columns) {
        const append_job& job = *jobs[i];
        auto where = next_place(job.what.room);
        where.take();
        rows[i] = where.row;
        set_message(add_messages_, first, where.row, job.id, job.what, now);
        kept_.push_back({.seq = where.seq, .timestamp = now});
    }
    add_messages_.execute();
    if (database_.changes() != static_cast<int>(jobs.size())) return false;
    for (std::size_t i = 0; i < jobs.size(); ++i) keep_attachments(rows[i], jobs[i]->what.attachments);
    return true;
}

void sqlite_writer::keep(const append_job& job) {
    const draft& what = job.what;
    const auto now = base::wall_now_ms();
    auto where = next_place(what.room);
    set_message(add_message_, 1, where.row, job.id, what, now);
    add_message_.execute();
    if (database_.changes() == 0) {  // the client_id was there
        auto rows = find_duplicate_.query(where.room.room_id, what.username, what.client_id);
        if (!rows.next()) throw sqlite_error(SQLITE_CONSTRAINT, "a message was refused and is not there");
        auto first = std::make_unique<chat::message>(read_message(rows, what.room, select_attachments_));
        kept_.push_back({.first = std::move(first)});
        return;
    }
    where.take();
    keep_attachments(where.row, what.attachments);
    kept_.push_back({.seq = where.seq, .timestamp = now});
}

void sqlite_writer::keep_attachments(std::int64_t message_id, const std::vector<upload>& uploads) {
    int position = 0;
    for (const upload& each : uploads) {
        add_attachment_.execute(message_id, position++, each.name, each.original, each.type, each.size,
                                each.width, each.height, each.thumbnail);
    }
}

void sqlite_writer::keep(const upload_job& job) {
    const upload& what = job.what;
    add_upload_.execute(what.name, what.original, what.type, what.size, what.width, what.height,
                        what.thumbnail);
}

// Of a message that is on the disk.
appended sqlite_writer::result_of(append_job&& job, kept_message&& kept) {
    if (kept.first) return {std::move(*kept.first), true};
    return {message_of(std::move(job.what), std::move(job.id), kept.seq, kept.timestamp), false};
}

sqlite_writer::place sqlite_writer::next_place(const std::string& name) {
    room_state& room = room_of(name);
    const std::uint64_t seq = room.last_seq + 1;
    if (room.room_id > last_room_id_possible || seq > last_seq_possible)
        throw sqlite_error(SQLITE_FULL, "it has as many rooms, or messages in a room, as can be numbered");
    return {room, seq, message_row(room.room_id, seq)};
}

sqlite_writer::room_state& sqlite_writer::room_of(const std::string& name) {
    const auto known = rooms_.find(name);
    if (known != rooms_.end()) return known->second;
    room_state state;
    {
        auto rows = find_room_.query(name);
        if (rows.next()) {
            state.room_id = rows.integer(0);
            state.last_seq = static_cast<std::uint64_t>(rows.integer(1));
        }
    }
    if (state.room_id == 0) {
        add_room_.execute(name);
        state.room_id = database_.last_insert_rowid();
    }
    return rooms_.emplace(name, state).first->second;
}

// A commit that needs fresh pages, as a message would, and leaves nothing behind.
void sqlite_writer::try_writing() {
    commit([this] {
        database_.execute(
            "INSERT INTO uploads (name, original, type, size, width, height) VALUES ('', zeroblob(65536), "
            "'', 0, 0, 0);"
            "DELETE FROM uploads WHERE name = ''");
    });
}

// After a commit, whose messages are on their way. What the checkpointer has left, the pages of the commits
// since it began, is folded in here, between two commits: only so the log's end is reached, and the next
// commit begins it anew.
void sqlite_writer::bound_the_log() noexcept {
    if (checkpointer_.take_finished()) {
        try {
            database_.execute("PRAGMA wal_checkpoint(PASSIVE)");
        } catch (const sqlite_error&) {
            // Nothing is lost: it stays in the log, and the next commit tries again.
        }
        log_pages_ = 0;  // until the next commit tells
    }
    if (log_pages_ >= checkpoint_pages_) checkpointer_.start();
}

// Only changes are logged: a full disk under load would else fill the log as well.
void sqlite_writer::note_outcome(const char* failure) noexcept {
    const bool could = can_commit_.exchange(failure == nullptr);
    if (failure != nullptr && could) {
        spdlog::error("store: cannot write {}: {}; messages are refused until it works again", path_,
                      failure);
    } else if (failure == nullptr && !could) {
        spdlog::info("store: {} can be written again", path_);
    }
}

}  // namespace chatterlink::store
