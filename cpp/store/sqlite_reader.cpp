#include "store/sqlite_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "store/completion.hpp"
#include "store/sqlite_rows.hpp"

namespace chatterlink::store {
namespace {

using base::errc;
using chat::history_page;
using chat::room_info;
using chat::upload;

base::error not_readable() {
    return base::fail(errc::store_unavailable,
                      "Stored messages cannot be read at the moment. Try again later.");
}

base::error too_many_reads() {
    return base::fail(errc::store_unavailable, "Too many requests are waiting. Try again in a moment.");
}

sqlite_database only_reading(sqlite_database database) {
    database.execute("PRAGMA query_only = ON");
    return database;
}

}  // namespace

sqlite_reader::sqlite_reader(sqlite_database database, const sqlite_options& options)
    : database_(only_reading(std::move(database))),
      path_(options.path.string()),
      begin_(database_.prepare("BEGIN")),
      commit_(database_.prepare("COMMIT")),
      find_room_(database_.prepare("SELECT room_id, last_seq FROM rooms WHERE name = ?1")),
      before_(
          database_.prepare(std::string(select_messages) +
                            "WHERE message_id >= ?1 AND message_id < ?2 ORDER BY message_id DESC LIMIT ?3")),
      after_(database_.prepare(std::string(select_messages) +
                               "WHERE message_id > ?1 AND message_id <= ?2 ORDER BY message_id LIMIT ?3")),
      select_attachments_(database_.prepare(select_attachments)),
      rooms_(database_.prepare("SELECT name, last_seq, topic FROM rooms WHERE last_seq > 0 ORDER BY name")),
      find_upload_(database_.prepare(
          "SELECT name, original, type, size, width, height, thumbnail FROM uploads WHERE name = ?1")),
      queue_(options.read_queue_limit, std::numeric_limits<std::size_t>::max()),
      thread_([this] { run(); }) {}

sqlite_reader::~sqlite_reader() {
    close();
}

void sqlite_reader::history(chat::history_query which, chat::store::done<history_page> then) {
    put_or_refuse(queue_, history_job{std::move(which), std::move(then)}, 0, too_many_reads);
}

void sqlite_reader::rooms(chat::store::done<std::vector<room_info>> then) {
    put_or_refuse(queue_, rooms_job{std::move(then)}, 0, too_many_reads);
}

void sqlite_reader::find_upload(std::string name, chat::store::done<upload> then) {
    put_or_refuse(queue_, upload_job{std::move(name), std::move(then)}, 0, too_many_reads);
}

void sqlite_reader::close() {
    stop_taking();
    if (thread_.joinable()) thread_.join();
}

void sqlite_reader::run() {
    std::vector<any_job> batch;
    while (queue_.take(batch) == work_queue<any_job>::wake::jobs) {
        for (any_job& each : batch) std::visit([this](auto& one) { answer(one); }, each);
        batch.clear();
    }
}

template <class Job>
void sqlite_reader::answer(Job& what) noexcept {
    base::result<typename Job::type> result = not_readable();
    try {
        begin_.execute();  // what one answer says belongs to one state of the database
        result = read(what);
        commit_.execute();
        failing_ = false;
    } catch (const std::exception& e) {  // sqlite_error, or no memory
        database_.rollback();
        result = not_readable();
        if (!std::exchange(failing_, true)) spdlog::error("store: cannot read {}: {}", path_, e.what());
    }
    complete<typename Job::type>(what.then, std::move(result));
}

base::result<history_page> sqlite_reader::read(const history_job& job) {
    const auto& which = job.which;
    history_page page;
    std::int64_t room_id = 0;
    {
        auto rows = find_room_.query(which.room);
        if (!rows.next()) return page;
        room_id = rows.integer(0);
        page.last_seq = static_cast<std::uint64_t>(rows.integer(1));
    }
    const std::int64_t bound =
        message_row(room_id, which.after ? *which.after : which.before.value_or(page.last_seq + 1));
    const std::int64_t one_more = std::int64_t{which.limit} + 1;  // the surplus one says that there are more
    auto rows = which.after ? after_.query(bound, message_row(room_id, last_seq_possible), one_more)
                            : before_.query(message_row(room_id, 0), bound, one_more);
    while (rows.next()) {
        if (page.messages.size() == which.limit) {
            page.more = true;
            break;
        }
        page.messages.push_back(read_message(rows, which.room, select_attachments_));
    }
    if (!which.after) std::reverse(page.messages.begin(), page.messages.end());
    return page;
}

base::result<std::vector<room_info>> sqlite_reader::read(const rooms_job&) {
    std::vector<room_info> all;
    auto rows = rooms_.query();
    while (rows.next()) {
        all.push_back({rows.string(0), static_cast<std::uint64_t>(rows.integer(1)), rows.string(2)});
    }
    return all;
}

base::result<upload> sqlite_reader::read(const upload_job& job) {
    auto rows = find_upload_.query(job.name);
    if (!rows.next()) return unknown_upload_error();
    return read_upload(rows);
}

}  // namespace chatterlink::store
