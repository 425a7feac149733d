// What the SQLite store does when the machine fails it: killed processes, full disks, locked files, floods.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "contracts/store_calls.hpp"
#include "store/sqlite_database.hpp"
#include "store/store_sqlite.hpp"

namespace chatterlink {
namespace {

using base::errc;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::open_store_sqlite;
using store::sqlite_database;
using test::draft_of;
using test::newest;

class store_sqlite_faults : public testing::Test {
  protected:
    std::unique_ptr<chat::store> open(milliseconds busy_timeout = milliseconds(50),
                                      int checkpoint_pages = 4'000) const {
        return open_store_sqlite(
                   {.path = path_, .checkpoint_pages = checkpoint_pages, .busy_timeout = busy_timeout})
            .value();
    }
    // Appends until no file may become larger, and again when it may; `kept`: how many it could store before.
    void run_out_of_room(int checkpoint_pages, std::size_t& kept) const;
    std::string integrity() const {
        return sqlite_database(path_, seconds(5)).string("PRAGMA integrity_check");
    }

    test::temporary_folder folder_;
    const std::filesystem::path path_ = folder_ / "chat.db";
};

template <class Condition>
bool within(seconds time, Condition condition) {
    for (const auto end = base::steady_now() + time; base::steady_now() < end;) {
        if (condition()) return true;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return condition();
}

void expect_no_hole(chat::store& store, const std::string& room, std::size_t messages) {
    const auto all = test::all_messages(store, room);
    ASSERT_EQ(all.size(), messages);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].seq, i + 1);
}

// Appends until it is killed, 200 at a time; writes "<client_id> <seq>\n" to the pipe once a message is
// acked. The write-ahead log is folded in all the time.
[[noreturn]] void append_until_killed(const std::filesystem::path& path, const std::string& prefix,
                                      int pipe) {
    auto store = open_store_sqlite({.path = path, .checkpoint_pages = 30}).value();
    std::counting_semaphore<> free(200);
    for (int i = 0;; ++i) {
        free.acquire();
        const std::string client_id = prefix + std::to_string(i);
        store->append(
            draft_of("room", std::string(300, 'x'), client_id), [&free, client_id, pipe](auto result) {
                const auto line = client_id + " " + std::to_string(result.value().stored.seq) + "\n";
                if (::write(pipe, line.data(), line.size()) < 0) ::_exit(1);
                free.release();
            });
    }
}

TEST_F(store_sqlite_faults, kill_9_in_mid_load_loses_no_acked_message_and_doubles_none) {
    constexpr std::size_t acks_before_the_kill = 1500;
    std::map<std::string, std::uint64_t> acked;
    for (const std::string prefix : {"first-", "second-", "third-"}) {
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const auto child = ::fork();
        if (child == 0) append_until_killed(path_, prefix, pipe[1]);
        ASSERT_GT(child, 0);
        ::close(pipe[1]);

        std::string text;
        std::array<char, 4096> chunk{};
        std::size_t lines = 0;
        bool killed = false;
        for (::ssize_t n = 0; (n = ::read(pipe[0], chunk.data(), chunk.size())) > 0;) {
            text.append(chunk.data(), static_cast<std::size_t>(n));
            lines += static_cast<std::size_t>(std::count(chunk.data(), chunk.data() + n, '\n'));
            if (!killed && lines >= acks_before_the_kill) {
                ::kill(child, SIGKILL);
                killed = true;
            }
        }
        ::close(pipe[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
        for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
            const auto space = text.find(' ', at);
            acked.emplace(text.substr(at, space - at), std::stoull(text.substr(space + 1, end - space - 1)));
        }

        auto store = open(seconds(5));
        const auto all = test::all_messages(*store, "room");
        std::map<std::string, std::uint64_t> kept;
        for (std::size_t i = 0; i < all.size(); ++i) {
            ASSERT_EQ(all[i].seq, i + 1) << "a hole";
            ASSERT_TRUE(kept.emplace(all[i].client_id, all[i].seq).second)
                << all[i].client_id << " is there twice";
        }
        for (const auto& [client_id, seq] : acked) {
            ASSERT_EQ(kept[client_id], seq) << client_id << " was acked and is lost";
        }
        // The sender that got no ack tries again; nobody's message becomes two.
        const auto retried = test::append(*store, draft_of("room", "x", acked.begin()->first)).value();
        EXPECT_TRUE(retried.duplicate);
        EXPECT_EQ(retried.stored.seq, acked.begin()->second);
        EXPECT_EQ(integrity(), "ok");
    }
    EXPECT_GE(acked.size(), 3 * acks_before_the_kill);
}

TEST_F(store_sqlite_faults, a_locked_database_refuses_messages_goes_on_reading_and_recovers) {
    auto store = open();
    test::append(*store, draft_of("room", "kept", "c1")).value();
    sqlite_database other(path_, milliseconds(0));
    other.execute("BEGIN IMMEDIATE");

    const auto refused = test::append(*store, draft_of("room", "refused", "c2"));
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::store_unavailable);
    EXPECT_EQ(
        test::add_upload(*store, {.name = "n", .original = "", .type = "", .thumbnail = ""}).error().code,
        errc::store_unavailable);
    EXPECT_FALSE(store->healthy());
    EXPECT_EQ(test::history(*store, newest("room")).value().messages.size(), 1u);
    EXPECT_EQ(test::rooms(*store).value().size(), 1u);

    other.execute("ROLLBACK");
    const auto taken = test::append(*store, draft_of("room", "second", "c2")).value();
    EXPECT_FALSE(taken.duplicate);
    EXPECT_EQ(taken.stored.seq, 2u);
    EXPECT_TRUE(store->healthy());
}

TEST_F(store_sqlite_faults, it_becomes_healthy_again_without_being_asked) {
    auto store = open();
    sqlite_database other(path_, milliseconds(0));
    other.execute("BEGIN IMMEDIATE");
    EXPECT_TRUE(test::append(*store, draft_of("room", "x")).has_error());
    EXPECT_FALSE(store->healthy());
    other.execute("ROLLBACK");
    EXPECT_TRUE(within(seconds(10), [&] { return store->healthy(); }));
    EXPECT_EQ(other.integer("SELECT count(*) FROM uploads"), 0) << "the probe leaves nothing behind";
}

TEST_F(store_sqlite_faults, a_failed_transaction_fails_all_that_waited_and_leaves_no_hole) {
    auto store = open(milliseconds(300));
    for (int i = 0; i < 10; ++i) test::append(*store, draft_of("room", "x")).value();
    sqlite_database other(path_, milliseconds(0));
    other.execute("BEGIN IMMEDIATE");
    std::atomic<int> refused{0};
    for (int i = 0; i < 500; ++i) {
        store->append(draft_of(i % 2 ? "room" : "new room", "x", std::to_string(i)), [&](auto result) {
            refused += result.has_error() && result.error().code == errc::store_unavailable;
        });
    }
    EXPECT_TRUE(within(seconds(20), [&] { return refused == 500; }));
    other.execute("ROLLBACK");
    EXPECT_EQ(test::rooms(*store).value().size(), 1u) << "nor a room of a message that was refused";
    for (int i = 0; i < 500; ++i) test::append(*store, draft_of("room", "x", std::to_string(i))).value();
    expect_no_hole(*store, "room", 510);
}

// No file of this process may grow beyond a size: to SQLite that is an I/O error like that of a full disk.
class file_size_limit {
  public:
    explicit file_size_limit(std::uintmax_t bytes) {
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        ::rlimit lower = before_;
        lower.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &lower);
    }
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;

  private:
    ::rlimit before_{};
    void (*handler_)(int) = nullptr;
};

constexpr std::size_t file_size = 1'000'000;
constexpr std::size_t text_size = 20'000;

void store_sqlite_faults::run_out_of_room(int checkpoint_pages, std::size_t& kept) const {
    auto store = open(milliseconds(50), checkpoint_pages);
    const std::string text(text_size, 'x');
    kept = 0;
    {
        const file_size_limit no_more(file_size);
        base::result<chat::appended> result = chat::appended{};
        while (result && kept < 1000) {
            result = test::append(*store, draft_of("room", text, "c" + std::to_string(kept)));
            if (result) ++kept;
        }
        ASSERT_TRUE(result.has_error());
        EXPECT_EQ(result.error().code, errc::store_unavailable);
        EXPECT_GT(kept, 10u);
        EXPECT_FALSE(store->healthy());
        EXPECT_EQ(test::history(*store, newest("room", 5)).value().last_seq, kept);
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(test::append(*store, draft_of("room", text, "c" + std::to_string(kept))).error().code,
                      errc::store_unavailable);
        }
    }
    EXPECT_TRUE(within(seconds(10), [&] { return store->healthy(); })) << "it recovers by itself";
    const auto retried = test::append(*store, draft_of("room", text, "c" + std::to_string(kept))).value();
    EXPECT_FALSE(retried.duplicate);
    EXPECT_EQ(retried.stored.seq, kept + 1);
    store.reset();
    expect_no_hole(*open(), "room", kept + 1);
    EXPECT_EQ(integrity(), "ok");
}

TEST_F(store_sqlite_faults, a_disk_without_room_refuses_messages_goes_on_reading_and_recovers) {
    std::size_t kept = 0;
    run_out_of_room(4'000, kept);
    EXPECT_LT(kept * text_size, file_size) << "all of it was in the log";
}

TEST_F(store_sqlite_faults, a_log_that_cannot_be_folded_in_loses_nothing) {
    std::size_t kept = 0;
    run_out_of_room(10, kept);
    EXPECT_GT(kept * text_size, file_size) << "the log went on beside a full database";
}

TEST_F(store_sqlite_faults, a_full_queue_refuses_at_once_and_loses_nothing_it_took) {
    constexpr int limit = 20;
    auto store = open_store_sqlite({.path = path_, .write_queue_limit = limit}).value();
    test::busy_writer writer(*store);
    std::atomic<int> acked{0};
    std::atomic<int> refused{0};
    for (int i = 0; i < limit + 3; ++i) {
        store->append(draft_of("room", "x"), [&](auto result) { ++(result ? acked : refused); });
        EXPECT_EQ(refused, std::max(0, i + 1 - limit));
    }
    EXPECT_FALSE(store->healthy());
    EXPECT_EQ(test::append(*store, draft_of("room", "x")).error().code, errc::store_unavailable);
    EXPECT_EQ(acked, 0);
    writer.release();
    store->close();
    EXPECT_EQ(acked, limit);
    expect_no_hole(*open(), "room", limit + 1);
}

TEST_F(store_sqlite_faults, an_error_in_the_middle_of_a_transaction_undoes_all_of_it) {
    auto store = open();
    test::append(*store, draft_of("room", "x")).value();
    sqlite_database(path_, seconds(5))
        .execute(
            "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN new.text = 'poison'"
            " BEGIN SELECT RAISE(FAIL, 'on purpose'); END");
    // Among a few messages, and among as many as go into the database together.
    std::size_t kept = 1;
    for (const std::size_t before : {1u, 40u}) {
        {
            test::busy_writer writer(*store);
            std::atomic<std::size_t> refused{0};
            const auto count = [&](auto result) { refused += result.has_error(); };
            const std::string name = std::to_string(before) + " ";
            for (std::size_t i = 0; i < before; ++i)
                store->append(draft_of("room", "x", name + std::to_string(i)), count);
            store->append(draft_of("room", "poison", name + "poison"), count);
            store->append(draft_of("room", "x", name + "after"), count);
            store->append(draft_of("new room", "x"), count);
            writer.release();
            EXPECT_TRUE(within(seconds(20), [&] { return refused == before + 3; }));
        }
        EXPECT_FALSE(store->healthy());
        EXPECT_EQ(test::rooms(*store).value().size(), 1u);
        kept += 2;  // what kept the writer busy, and the next
        EXPECT_EQ(
            test::append(*store, draft_of("room", "x", "next " + std::to_string(before))).value().stored.seq,
            kept);
        EXPECT_TRUE(store->healthy());
    }
    expect_no_hole(*store, "room", kept);
}

TEST_F(store_sqlite_faults, the_queue_is_bounded_in_bytes_too) {
    auto store = open_store_sqlite(
                     {.path = path_, .write_queue_bytes_limit = 100'000, .busy_timeout = milliseconds(50)})
                     .value();
    EXPECT_EQ(test::append(*store, draft_of("room", std::string(200'000, 'x'))).error().code,
              errc::store_unavailable);
    EXPECT_TRUE(store->healthy());
    EXPECT_EQ(test::append(*store, draft_of("room", std::string(50'000, 'x'))).value().stored.seq, 1u);
}

TEST_F(store_sqlite_faults, reads_beyond_their_limit_are_refused_at_once) {
    constexpr int limit = 5;
    auto store = open_store_sqlite({.path = path_, .read_queue_limit = limit}).value();
    std::binary_semaphore inside(0);
    std::binary_semaphore go_on(0);
    store->rooms([&](auto) {
        inside.release();
        go_on.acquire();
    });
    inside.acquire();
    std::atomic<int> answered{0};
    std::atomic<int> refused{0};
    for (int i = 0; i < limit + 3; ++i) {
        store->history(newest("room"), [&](auto result) { ++(result ? answered : refused); });
        EXPECT_EQ(refused, std::max(0, i + 1 - limit));
    }
    EXPECT_EQ(test::find_upload(*store, "x").error().code, errc::store_unavailable);
    go_on.release();
    store->close();
    EXPECT_EQ(answered, limit);
}

TEST_F(store_sqlite_faults, reads_do_not_wait_for_a_commit_that_hangs) {
    auto store = open(seconds(20));
    test::append(*store, draft_of("room", "x")).value();
    sqlite_database other(path_, milliseconds(0));
    other.execute("BEGIN IMMEDIATE");
    std::atomic<bool> acked{false};
    store->append(draft_of("room", "waits"), [&](auto result) { acked = result.has_value(); });
    for (int i = 0; i < 100; ++i) EXPECT_EQ(test::history(*store, newest("room")).value().last_seq, 1u);
    EXPECT_FALSE(acked);
    other.execute("ROLLBACK");
    store->close();
    EXPECT_TRUE(acked);
}

}  // namespace
}  // namespace chatterlink
