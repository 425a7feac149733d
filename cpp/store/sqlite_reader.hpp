// The reading half of the SQLite store: its own connection and thread, so that a read never waits for a
// commit (in WAL mode a reader sees the last committed state while the writer goes on).
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "chat/store.hpp"
#include "store/sqlite_database.hpp"
#include "store/store_sqlite.hpp"
#include "store/work_queue.hpp"

namespace chatterlink::store {

/// Calls from any thread; completions on the reader's thread (refusals at once, on the caller's). A read that
/// fails ends with store_unavailable; the next one is tried anew.
class sqlite_reader {
  public:
    /// Takes a connection whose schema is up to date; only reads with it. Throws sqlite_error.
    sqlite_reader(sqlite_database database, const sqlite_options& options);
    ~sqlite_reader();  // closes

    void history(chat::history_query which, chat::store::done<chat::history_page> then);
    void rooms(chat::store::done<std::vector<chat::room_info>> then);
    void find_upload(std::string name, chat::store::done<chat::upload> then);

    /// No further calls are taken; those that were are still done.
    void stop_taking() { queue_.close(); }
    /// stop_taking() and waits until all is done.
    void close();

  private:
    struct history_job {
        using type = chat::history_page;
        chat::history_query which;
        chat::store::done<type> then;
    };
    struct rooms_job {
        using type = std::vector<chat::room_info>;
        chat::store::done<type> then;
    };
    struct upload_job {
        using type = chat::upload;
        std::string name;
        chat::store::done<type> then;
    };
    using any_job = std::variant<history_job, rooms_job, upload_job>;

    template <class Job>
    void answer(Job& what) noexcept;

    void run();
    base::result<chat::history_page> read(const history_job& job);
    base::result<std::vector<chat::room_info>> read(const rooms_job& job);
    base::result<chat::upload> read(const upload_job& job);

    sqlite_database database_;
    const std::string path_;  // for the log
    sqlite_statement begin_;
    sqlite_statement commit_;
    sqlite_statement find_room_;
    sqlite_statement before_;
    sqlite_statement after_;
    sqlite_statement select_attachments_;
    sqlite_statement rooms_;
    sqlite_statement find_upload_;
    bool failing_ = false;  // the last read failed; the reader's thread only

    work_queue<any_job> queue_;
    std::thread thread_;  // last: it uses everything above
};

}  // namespace chatterlink::store
