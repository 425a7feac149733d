// What only the SQLite store promises: its file, its schema, how it refuses to open.
#include "store/store_sqlite.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/posts_together.hpp"
#include "contracts/store_calls.hpp"
#include "store/sqlite_database.hpp"
#include "store/sqlite_migrations.hpp"
#include "store/sqlite_rows.hpp"

namespace chatterlink {
namespace {

using base::errc;
using std::chrono::milliseconds;
using store::open_store_sqlite;
using store::sqlite_database;
using test::draft_of;
using test::newest;

class store_sqlite : public testing::Test {
  protected:
    // A database that anybody could have made, with the C interface.
    sqlite_database raw() const {
        if (!std::filesystem::exists(path_)) std::ofstream(path_).flush();
        return {path_, milliseconds(0)};
    }
    std::unique_ptr<chat::store> open() const { return open_store_sqlite({.path = path_}).value(); }

    // The sentence of a refusal, which must name the file and say what to do.
    std::string refusal(const std::filesystem::path& path) const {
        const auto opened = open_store_sqlite({.path = path, .busy_timeout = milliseconds(50)});
        if (opened) return "it was opened";
        EXPECT_EQ(opened.error().code, errc::io_failed);
        EXPECT_NE(opened.error().message.find(path.string()), std::string::npos) << opened.error().message;
        EXPECT_NE(opened.error().message.find("--data"), std::string::npos) << opened.error().message;
        return opened.error().message;
    }

    test::temporary_folder folder_;
    const std::filesystem::path path_ = folder_ / "chat.db";
};

::mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(store_sqlite, reopening_keeps_everything_and_goes_on_counting) {
    std::vector<chat::message> before;
    const chat::upload file{
        .name = "1.png", .original = "a", .type = "image/png", .size = 5, .thumbnail = "t"};
    {
        auto store = open();
        for (int i = 0; i < 20; ++i) {
            auto draft = draft_of("room", "text " + std::to_string(i), "c" + std::to_string(i));
            draft.attachments.assign(static_cast<std::size_t>(i % 3), file);
            before.push_back(test::append(*store, draft).value().stored);
        }
        test::add_upload(*store, file).value();
        store->close();
    }
    auto store = open();
    EXPECT_EQ(test::all_messages(*store, "room"), before);
    EXPECT_EQ(test::find_upload(*store, "1.png").value(), file);
    EXPECT_EQ(test::rooms(*store).value(), (std::vector<chat::room_info>{{"room", 20, ""}}));
    const auto again = test::append(*store, draft_of("room", "x", "c7")).value();
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.stored, before[7]);
    EXPECT_EQ(test::append(*store, draft_of("room", "x")).value().stored.seq, 21u);
}

TEST_F(store_sqlite, only_its_owner_may_read_its_files) {
    const auto mask = ::umask(0);
    auto store = open();
    test::append(*store, draft_of("room", "x")).value();
    ::umask(mask);
    EXPECT_EQ(mode_of(path_), 0600u);
    EXPECT_EQ(mode_of(path_.string() + "-wal"), 0600u);
    EXPECT_EQ(mode_of(path_.string() + "-shm"), 0600u);
}

TEST_F(store_sqlite, close_leaves_one_file) {
    auto store = open();
    test::append(*store, draft_of("room", "x")).value();
    store->close();
    EXPECT_EQ(std::filesystem::file_size(path_.string() + "-wal"), 0u) << "the log was folded in";
    store.reset();
    EXPECT_FALSE(std::filesystem::exists(path_.string() + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(path_.string() + "-shm"));
}

// How often the write-ahead log has begun anew (sqlite.org/fileformat2.html, 4.1, offset 12).
std::uint32_t beginnings(const std::filesystem::path& database) {
    std::array<unsigned char, 16> header{};
    std::ifstream file(database.string() + "-wal", std::ios::binary);
    file.read(reinterpret_cast<char*>(header.data()), header.size());
    std::uint32_t number = 0;
    for (std::size_t i = 12; i < 16; ++i) number = number << 8 | header[i];
    return number;
}

// Appends until the log has begun anew, but no more than `most` messages.
void append_until_it_begins_anew(chat::store& store, const std::filesystem::path& path, int most) {
    const auto before = beginnings(path);
    for (int i = 0; i < most && beginnings(path) == before; ++i) {
        test::append(store, draft_of("room", std::string(3'000, 'x'))).value();
    }
}

TEST_F(store_sqlite, the_log_is_folded_in_while_messages_come_and_begins_anew) {
    auto store = open_store_sqlite({.path = path_, .checkpoint_pages = 20}).value();
    test::append(*store, draft_of("room", "first")).value();
    const auto first = beginnings(path_);
    const auto size = std::filesystem::file_size(path_);
    for (int i = 0; i < 3; ++i) append_until_it_begins_anew(*store, path_, 5'000);
    EXPECT_EQ(beginnings(path_), first + 3);
    EXPECT_GT(std::filesystem::file_size(path_), size) << "it is in the database";
    EXPECT_EQ(test::all_messages(*store, "room").front().text, "first");
}

TEST_F(store_sqlite, a_log_of_which_another_process_reads_is_kept_and_messages_go_on) {
    auto store = open_store_sqlite({.path = path_, .checkpoint_pages = 20}).value();
    test::append(*store, draft_of("room", "first")).value();
    auto reading = raw();
    reading.execute("BEGIN");
    EXPECT_EQ(reading.integer("SELECT count(*) FROM messages"), 1);
    const auto before = beginnings(path_);
    append_until_it_begins_anew(*store, path_, 200);
    EXPECT_EQ(beginnings(path_), before);
    EXPECT_EQ(reading.integer("SELECT count(*) FROM messages"), 1);
    EXPECT_EQ(test::all_messages(*store, "room").size(), 201u);
    reading.rollback();
    append_until_it_begins_anew(*store, path_, 5'000);
    EXPECT_GT(beginnings(path_), before);
}

TEST_F(store_sqlite, it_has_a_write_ahead_log_and_schema_2_is_what_it_is) {
    open()->close();
    auto database = raw();
    EXPECT_EQ(database.string("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(database.integer("PRAGMA user_version"), 2);
    EXPECT_EQ(database.integer("PRAGMA application_id"), 0x43484C4B);
    EXPECT_EQ(
        database.string("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'table'"
                        " ORDER BY name)"),
        "attachments,messages,rooms,uploads");
}

TEST_F(store_sqlite, says_where_it_is_with_the_whole_path) {
    EXPECT_EQ(open()->description(), "sqlite (" + path_.string() + ")");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());
    EXPECT_EQ(open_store_sqlite({.path = "chat.db"}).value()->description(),
              "sqlite (" + std::filesystem::canonical(path_).string() + ")");
    EXPECT_TRUE(open_store_sqlite({.path = "file:odd?mode=memory.db"}).has_value());
    std::filesystem::current_path(before);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "file:odd?mode=memory.db")) << "a path is no URI";
}

TEST_F(store_sqlite, an_empty_file_and_a_database_of_version_0_become_the_present_schema) {
    std::ofstream(path_).flush();
    EXPECT_EQ(test::append(*open(), draft_of("room", "x")).value().stored.seq, 1u);

    std::filesystem::remove(path_);
    raw().execute("PRAGMA application_id = 0x43484C4B; VACUUM");
    ASSERT_GT(std::filesystem::file_size(path_), 0u);
    EXPECT_EQ(test::append(*open(), draft_of("room", "x")).value().stored.seq, 1u);
    EXPECT_EQ(raw().integer("PRAGMA user_version"),
              static_cast<std::int64_t>(store::sqlite_migrations().size()));
}

TEST_F(store_sqlite, a_database_of_a_newer_version_is_refused_and_left_alone) {
    test::append(*open(), draft_of("room", "x")).value();
    raw().execute("PRAGMA user_version = 999");
    const auto sentence = refusal(path_);
    EXPECT_NE(sentence.find("newer ChatterLink (schema 999, this program knows 2)"), std::string::npos)
        << sentence;
    EXPECT_EQ(raw().integer("SELECT count(*) FROM messages"), 1);
    EXPECT_EQ(raw().integer("PRAGMA user_version"), 999);
}

TEST_F(store_sqlite, a_file_that_is_no_database_is_refused_and_left_alone) {
    for (const std::string& text : {std::string("hello\n"), std::string(100'000, 'x')}) {
        std::ofstream(path_) << text;
        const auto sentence = refusal(path_);
        EXPECT_NE(sentence.find("not a database"), std::string::npos) << sentence;
        EXPECT_EQ(contents(path_), text);
    }
}

TEST_F(store_sqlite, another_programs_database_is_refused_and_left_alone) {
    raw().execute("CREATE TABLE bookmarks (url TEXT)");
    const auto before = contents(path_);
    EXPECT_NE(refusal(path_).find("another program"), std::string::npos);
    EXPECT_EQ(contents(path_), before);
    EXPECT_FALSE(std::filesystem::exists(path_.string() + "-wal"));
}

TEST_F(store_sqlite, a_damaged_database_is_refused) {
    {
        auto store = open();
        for (int i = 0; i < 200; ++i) test::append(*store, draft_of("room", std::string(1000, 'x'))).value();
    }
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);  // the root page of the schema
    file << std::string(3900, '\xff');
    file.close();
    EXPECT_NE(refusal(path_).find("damaged"), std::string::npos) << refusal(path_);
}

TEST_F(store_sqlite, a_missing_folder_a_folder_and_a_file_as_folder_are_refused) {
    EXPECT_NE(refusal(folder_.path() / "missing" / "chat.db").find("No such file"), std::string::npos);
    EXPECT_NE(refusal(folder_.path()).find("written to"), std::string::npos);
    std::ofstream(folder_ / "file").flush();
    EXPECT_NE(refusal(folder_.path() / "file" / "chat.db").find("Not a directory"), std::string::npos);
}

// Runs a check as an ordinary user, whom file modes bind (root they do not).
int as_ordinary_user(const std::function<bool()>& check) {
    const auto child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        ::_exit(check() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(store_sqlite, a_folder_that_may_not_be_written_is_refused) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
    EXPECT_EQ(as_ordinary_user([&] {
                  const auto opened = open_store_sqlite({.path = path_});
                  return opened.has_error() && opened.error().code == errc::io_failed &&
                         opened.error().message.find("Permission denied") != std::string::npos;
              }),
              0);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
}

TEST_F(store_sqlite, a_database_that_may_only_be_read_is_refused) {
    open().reset();
    ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    EXPECT_EQ(as_ordinary_user([&] {
                  const auto opened = open_store_sqlite({.path = path_});
                  return opened.has_error() && opened.error().code == errc::io_failed &&
                         opened.error().message.find("may be written to") != std::string::npos;
              }),
              0);
}

TEST_F(store_sqlite, a_database_locked_by_another_program_is_refused) {
    auto other = raw();
    other.execute("BEGIN EXCLUSIVE");
    EXPECT_NE(refusal(path_).find("another program has locked it"), std::string::npos) << refusal(path_);
    other.execute("ROLLBACK");
    EXPECT_EQ(test::append(*open(), draft_of("room", "x")).value().stored.seq, 1u);
}

TEST_F(store_sqlite, a_lock_that_goes_away_is_waited_for) {
    auto other = raw();
    other.execute("BEGIN EXCLUSIVE");
    std::thread later([&] {
        std::this_thread::sleep_for(milliseconds(100));
        other.execute("ROLLBACK");
    });
    const auto opened = open_store_sqlite({.path = path_, .busy_timeout = std::chrono::seconds(20)});
    later.join();
    EXPECT_TRUE(opened.has_value());
}

TEST_F(store_sqlite, two_stores_may_have_one_file_open_and_count_together) {
    std::array stores{open(), open()};
    std::vector<std::thread> threads;
    std::atomic<int> firsts{0};
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                // Both stores are told of each client_id, by two threads each.
                const auto result =
                    test::append(*stores[t % 2], draft_of("room", "x", std::to_string(i))).value();
                firsts += !result.duplicate;
                test::append(*stores[t % 2], draft_of("room", "x")).value();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(firsts, 50);
    const auto all = test::all_messages(*stores[1], "room");
    ASSERT_EQ(all.size(), 250u);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].seq, i + 1);
}

TEST_F(store_sqlite, many_open_it_for_the_first_time_at_once) {
    std::vector<std::thread> threads;
    std::atomic<int> opened{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            auto store = open_store_sqlite({.path = path_});
            if (!store) {
                ADD_FAILURE() << store.error().message;
                return;
            }
            opened += test::append(**store, draft_of("room", std::to_string(t))).has_value();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(opened, 8);
    EXPECT_EQ(test::all_messages(*open(), "room").size(), 8u);
}

TEST_F(store_sqlite, a_database_of_schema_1_keeps_everything) {
    {
        auto database = raw();
        database.execute("PRAGMA foreign_keys = ON");
        ASSERT_TRUE(store::migrate(database, store::sqlite_migrations().first(1)).has_value());
        database.execute(
            "INSERT INTO rooms (name, last_seq, topic) VALUES ('a', 2, 'about a'), ('empty', 0, ''), ('b', "
            "1, '');"
            "INSERT INTO messages (message_id, room_id, seq, id, username, text, timestamp, client_id, "
            "reply_to,"
            " attachments) VALUES (1, 3, 1, 'ID1', 'bob', 'in b', 11, 'c1', '', 2),"
            " (2, 1, 1, 'ID2', 'ann', 'in a', 12, 'c1', '', 0), (3, 1, 2, 'ID3', 'ann', '', 13, '', 'ID2', "
            "1);"
            "INSERT INTO attachments VALUES (1, 0, '1.png', 'x', 'image/png', 5, 6, 7, 't.png'),"
            " (1, 1, '2.png', 'y', 'image/png', 8, 0, 0, ''), (3, 0, '1.png', 'x', 'image/png', 5, 6, 7, "
            "'t.png');"
            "INSERT INTO uploads VALUES ('1.png', 'x', 'image/png', 5, 6, 7, 't.png')");
    }
    const chat::upload one{"1.png", "x", "image/png", 5, 6, 7, "t.png"};
    const chat::upload two{"2.png", "y", "image/png", 8, 0, 0, ""};
    auto store = open();
    EXPECT_EQ(test::all_messages(*store, "a"),
              (std::vector<chat::message>{{"ID2", "a", 1, "ann", "in a", 12, "c1", "", {}},
                                          {"ID3", "a", 2, "ann", "", 13, "", "ID2", {one}}}));
    EXPECT_EQ(test::all_messages(*store, "b"),
              (std::vector<chat::message>{{"ID1", "b", 1, "bob", "in b", 11, "c1", "", {one, two}}}));
    EXPECT_EQ(test::rooms(*store).value(), (std::vector<chat::room_info>{{"a", 2, "about a"}, {"b", 1, ""}}));
    EXPECT_EQ(test::find_upload(*store, "1.png").value(), one);
    EXPECT_TRUE(test::append(*store, draft_of("a", "again", "c1")).value().duplicate);
    EXPECT_EQ(test::append(*store, draft_of("a", "next", "c2")).value().stored.seq, 3u);
    EXPECT_EQ(test::append(*store, draft_of("empty", "first")).value().stored.seq, 1u);
    store->close();
    auto database = raw();
    EXPECT_EQ(database.string("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(database.integer("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    EXPECT_EQ(database.string("SELECT group_concat(room_id || ':' || seq) FROM messages"),
              "1:1,1:2,1:3,2:1,3:1");
}

TEST_F(store_sqlite, pages_of_a_room_hold_nothing_of_its_neighbours) {
    auto store = open();
    for (int i = 1; i <= 3; ++i) {
        for (const char* room : {"a", "b", "c"}) {
            ASSERT_TRUE(test::append(*store, draft_of(room, room + std::to_string(i))).has_value());
        }
    }
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
    for (const char* room : {"a", "b", "c"}) {
        for (const auto& query :
             {newest(room), chat::history_query{room, huge, {}, 50}, chat::history_query{room, {}, 0, 50}}) {
            const auto page = test::history(*store, query).value();
            ASSERT_EQ(page.messages.size(), 3u);
            for (const auto& each : page.messages) EXPECT_EQ(each.text.front(), *room);
        }
        EXPECT_TRUE(test::history(*store, {room, 0, {}, 50}).value().messages.empty());
        EXPECT_TRUE(test::history(*store, {room, {}, huge, 50}).value().messages.empty());
    }
}

TEST_F(store_sqlite, more_rooms_than_can_be_numbered_are_refused_and_change_nothing) {
    test::append(*open(), draft_of("a", "x")).value();
    raw().execute(("INSERT INTO rooms (room_id, name) VALUES (" +
                   std::to_string(store::last_room_id_possible) + ", 'last')")
                      .c_str());
    auto store = open();
    EXPECT_EQ(test::append(*store, draft_of("last", "y")).value().stored.seq, 1u);
    EXPECT_EQ(test::history(*store, newest("last")).value().messages.size(), 1u);
    const auto refused = test::append(*store, draft_of("one more", "z"));
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::store_unavailable);
    EXPECT_EQ(test::append(*store, draft_of("a", "x")).value().stored.seq, 2u);
    EXPECT_EQ(test::rooms(*store).value().size(), 2u);
}

// Only counts what comes to it.
struct counting_shards final : base::shards {
    base::shard_id count() const noexcept override { return 1; }
    base::shard_id current() const noexcept override { return base::no_shard; }
    void post(base::shard_id where, task what) override {
        if (auto* const together = base::posts_together::current()) return together->keep(*this, where, what);
        ADD_FAILURE() << "a completion was posted by itself";
    }
    void post_all(base::shard_id, std::vector<task> what) override {
        const std::lock_guard guard(lock);
        pieces.push_back(what.size());
        arrived += what.size();
        changed.notify_one();
    }
    void after(base::milliseconds, task) override {}

    std::mutex lock;
    std::condition_variable changed;
    std::vector<std::size_t> pieces;
    std::size_t arrived = 0;
};

TEST_F(store_sqlite, what_a_commit_kept_is_handed_over_in_one_piece) {
    counting_shards threads;
    auto store = open();
    auto other = raw();
    other.execute("BEGIN IMMEDIATE");  // the first commit waits for that, the second has all the others
    for (int i = 0; i < 50; ++i) {
        store->append(draft_of("room", "x"), [&](const base::result<chat::appended>& kept) {
            EXPECT_TRUE(kept.has_value());
            threads.post(0, [] {});
        });
    }
    other.execute("ROLLBACK");
    std::unique_lock guard(threads.lock);
    ASSERT_TRUE(
        threads.changed.wait_for(guard, std::chrono::seconds(30), [&] { return threads.arrived == 50; }));
    EXPECT_LE(threads.pieces.size(), 2u);
}

// ---- Migrations ----

constexpr std::array three_steps{"CREATE TABLE a (x)",
                                 "INSERT INTO a VALUES (1); ALTER TABLE a ADD COLUMN y DEFAULT 7",
                                 "UPDATE a SET x = x + 1; CREATE TABLE b (x)"};

TEST_F(store_sqlite, migrations_run_in_order_from_version_0) {
    auto database = raw();
    EXPECT_TRUE(store::migrate(database, three_steps).has_value());
    EXPECT_EQ(database.integer("PRAGMA user_version"), 3);
    EXPECT_EQ(database.integer("SELECT x * 10 + y FROM a"), 27);
    EXPECT_TRUE(store::migrate(database, three_steps).has_value()) << "again changes nothing";
    EXPECT_EQ(database.integer("SELECT x FROM a"), 2);
}

TEST_F(store_sqlite, only_missing_migrations_run) {
    auto database = raw();
    EXPECT_TRUE(store::migrate(database, std::span(three_steps).first(2)).has_value());
    EXPECT_EQ(database.integer("PRAGMA user_version"), 2);
    EXPECT_EQ(database.integer("SELECT x FROM a"), 1);
    EXPECT_TRUE(store::migrate(database, three_steps).has_value());
    EXPECT_EQ(database.integer("PRAGMA user_version"), 3);
    EXPECT_EQ(database.integer("SELECT x FROM a"), 2);
}

TEST_F(store_sqlite, a_migration_that_fails_leaves_everything_as_it_was) {
    constexpr std::array broken{three_steps[0], three_steps[1], "CREATE TABLE c (x); SELECT * FROM missing"};
    auto database = raw();
    EXPECT_TRUE(store::migrate(database, std::span(broken).first(1)).has_value());
    EXPECT_THROW(static_cast<void>(store::migrate(database, broken)), store::sqlite_error);
    EXPECT_EQ(database.integer("PRAGMA user_version"), 1);
    EXPECT_EQ(database.integer("SELECT count(*) FROM a"), 0);
    EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema"), 1);
    EXPECT_TRUE(store::migrate(database, three_steps).has_value()) << "and it can be tried again";
}

TEST_F(store_sqlite, a_newer_version_is_not_migrated) {
    auto database = raw();
    database.execute("PRAGMA user_version = 4");
    const auto result = store::migrate(database, three_steps);
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, errc::io_failed);
    EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema"), 0);
    database.execute("BEGIN; ROLLBACK");  // no transaction was left open
}

}  // namespace
}  // namespace chatterlink
