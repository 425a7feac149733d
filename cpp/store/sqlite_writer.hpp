// The writing half of the SQLite store: one connection, one thread, group commit. A second connection and
// thread folds the write-ahead log into the database meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "chat/store.hpp"
#include "store/sqlite_checkpointer.hpp"
#include "store/sqlite_database.hpp"
#include "store/store_sqlite.hpp"
#include "store/work_queue.hpp"

namespace chatterlink::store {

/// append() and add_upload() may be called from any thread; completions come on the writer's own thread
/// (refusals at once, on the caller's). See open_store_sqlite() for how it fails.
class sqlite_writer {
  public:
    /// Takes two connections to the same database, whose schema is up to date. Throws sqlite_error.
    sqlite_writer(sqlite_database database, sqlite_database checkpointing, const sqlite_options& options);
    ~sqlite_writer();  // closes

    void append(chat::draft&& what, chat::store::done<chat::appended>&& then);
    void add_upload(chat::upload&& what, chat::store::done<chat::upload>&& then);

    /// No further calls are taken; those that were are still done.
    void stop_taking() { queue_.close(); }
    /// stop_taking(), waits until all is done, then moves the write-ahead log into the database file.
    void close();

    bool healthy() const noexcept { return can_commit_ && queue_.takes(); }

  private:
    struct append_job {
        using type = chat::appended;
        chat::draft what;
        // Made by whoever calls append(), whose memory it is as a rule: see service::append_under_way.
        std::string id;
        chat::store::done<type> then;
    };
    struct upload_job {
        using type = chat::upload;
        chat::upload what;
        chat::store::done<type> then;
    };
    using any_job = std::variant<append_job, upload_job>;

    // What became of an append_job in a transaction.
    struct kept_message {
        std::uint64_t seq = 0;
        std::int64_t timestamp = 0;
        std::unique_ptr<chat::message> first{};  // if set, the job was a duplicate: of this
    };

    // A room within one transaction. It is read from the database each time, inside BEGIN IMMEDIATE: another
    // process may have written, and after a rollback nothing is left to correct.
    struct room_state {
        std::int64_t room_id = 0;
        std::uint64_t last_seq = 0;
        bool changed = false;
    };
    // The next free one of a room.
    struct place {
        room_state& room;
        std::uint64_t seq;
        std::int64_t row;
        void take() noexcept {
            room.last_seq = seq;
            room.changed = true;
        }
    };
    struct string_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    void run();
    void write(std::vector<any_job>& batch);
    template <class Work>
    bool commit(Work&& work);
    void forget_transaction() noexcept;
    bool keep_all(std::vector<any_job>& batch, bool together);
    bool keep_together(std::span<append_job* const> jobs);
    void keep(const append_job& job);
    void keep(const upload_job& job);
    void keep_attachments(std::int64_t message_id, const std::vector<chat::upload>& uploads);
    static chat::appended result_of(append_job&& job, kept_message&& kept);
    place next_place(const std::string& room);
    room_state& room_of(const std::string& name);
    void try_writing();
    void bound_the_log() noexcept;
    void note_outcome(const char* failure) noexcept;

    int log_pages_ = 0;  // in the write-ahead log, after the last commit
    sqlite_database database_;
    const std::string path_;  // for the log
    const int checkpoint_pages_;
    sqlite_checkpointer checkpointer_;
    sqlite_statement begin_;
    sqlite_statement commit_;
    sqlite_statement find_room_;
    sqlite_statement add_room_;
    sqlite_statement set_last_seq_;
    sqlite_statement add_message_;
    sqlite_statement add_messages_;  // several at once
    sqlite_statement find_duplicate_;
    sqlite_statement add_attachment_;
    sqlite_statement select_attachments_;
    sqlite_statement add_upload_;
    std::unordered_map<std::string, room_state, string_hash, std::equal_to<>> rooms_;  // of this transaction
    std::vector<append_job*> appends_;  // of this transaction, in order
    std::vector<kept_message> kept_;    // what became of them

    std::atomic<bool> can_commit_{true};
    work_queue<any_job> queue_;
    std::thread thread_;  // last: it uses everything above
};

}  // namespace chatterlink::store
