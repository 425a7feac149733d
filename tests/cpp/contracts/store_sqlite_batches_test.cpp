// Many messages in one transaction: several go into the database with one INSERT, and with retries among them
// one by one. The memory store, which takes each by itself, says what must come of it.
#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <semaphore>
#include <string>
#include <vector>

#include "contracts/store_calls.hpp"
#include "store/store_memory.hpp"
#include "store/store_sqlite.hpp"
#include "support/temporary_folder.hpp"

namespace chatterlink::store {
namespace {

using test::draft_of;

class store_sqlite_batches : public testing::Test {
  protected:
    using results = std::vector<std::optional<base::result<chat::appended>>>;

    static chat::upload numbered_upload(int n) {
        return {.name = std::to_string(n) + ".png",
                .original = "",
                .type = "image/png",
                .size = 1,
                .thumbnail = ""};
    }

    // All in one transaction of the SQLite store; the results in the order of the drafts. The order in which
    // they come must be the same.
    static results append_all(chat::store& store, const std::vector<chat::draft>& drafts, bool with_uploads) {
        results all(drafts.size());
        std::size_t next = 0;
        // Shared, because the last completion may still be returning from release().
        const auto done = std::make_shared<std::counting_semaphore<>>(0);
        test::busy_writer writer(store);
        for (std::size_t i = 0; i < drafts.size(); ++i) {
            store.append(drafts[i], [&, i, done](base::result<chat::appended> result) {
                EXPECT_EQ(next++, i);
                all[i].emplace(std::move(result));
                done->release();
            });
            if (with_uploads && i % 7 == 3) {
                store.add_upload(numbered_upload(static_cast<int>(i)),
                                 [](auto kept) { EXPECT_TRUE(kept.has_value()); });
            }
        }
        writer.release();
        for (std::size_t i = 0; i < drafts.size(); ++i) done->acquire();
        return all;
    }

    // What both stores must agree in: all but the id and the time, which each makes itself.
    static void expect_same(const chat::message& mine, const chat::message& theirs) {
        chat::message as_if = mine;
        as_if.id = theirs.id;
        as_if.timestamp = theirs.timestamp;
        EXPECT_EQ(as_if, theirs);
    }

    void agree(const std::vector<chat::draft>& drafts, bool with_uploads) {
        const auto here = append_all(*sqlite_, drafts, with_uploads);
        test::append(*memory_, draft_of("room", "keeps the writer busy")).value();
        for (std::size_t i = 0; i < drafts.size(); ++i) {
            const auto expected = test::append(*memory_, drafts[i]).value();
            ASSERT_TRUE(here[i]->has_value()) << here[i]->error().message;
            EXPECT_EQ((*here[i])->duplicate, expected.duplicate);
            expect_same((*here[i])->stored, expected.stored);
        }
    }

    void expect_same_rooms(std::initializer_list<const char*> names) {
        for (const char* name : names) {
            const auto mine = test::all_messages(*sqlite_, name);
            const auto theirs = test::all_messages(*memory_, name);
            ASSERT_EQ(mine.size(), theirs.size()) << name;
            for (std::size_t i = 0; i < mine.size(); ++i) expect_same(mine[i], theirs[i]);
        }
    }

    test::temporary_folder folder_;
    std::unique_ptr<chat::store> sqlite_ = open_store_sqlite({.path = folder_.path() / "chat.db"}).value();
    std::unique_ptr<chat::store> memory_ = create_store_memory({.history_limit = 100'000});
};

TEST_F(store_sqlite_batches, any_number_of_new_messages) {
    for (const int count : {1, 15, 16, 17, 31, 32, 33, 100}) {
        std::vector<chat::draft> drafts;
        for (int i = 0; i < count; ++i) {
            drafts.push_back(draft_of("room", "text " + std::to_string(i),
                                      i % 3 ? std::to_string(count) + "/" + std::to_string(i) : ""));
        }
        agree(drafts, false);
    }
    expect_same_rooms({"room"});
}

TEST_F(store_sqlite_batches, a_retry_anywhere_gets_the_first_copy_and_uses_no_seq) {
    agree({draft_of("room", "first", "retried")}, false);
    for (const std::size_t place : {0u, 7u, 15u, 16u, 39u}) {
        std::vector<chat::draft> drafts;
        for (int i = 0; i < 40; ++i) drafts.push_back(draft_of("room", std::to_string(i)));
        drafts[place].client_id = "retried";
        agree(drafts, true);
    }
    expect_same_rooms({"room"});
}

TEST_F(store_sqlite_batches, the_same_message_twice_in_one_is_kept_once) {
    std::vector<chat::draft> drafts;
    for (int i = 0; i < 48; ++i) drafts.push_back(draft_of("room", std::to_string(i), std::to_string(i % 9)));
    agree(drafts, false);
    expect_same_rooms({"room"});
}

TEST_F(store_sqlite_batches, whatever_comes_together) {
    std::mt19937 random(20'261'201);
    const auto below = [&](unsigned n) { return random() % n; };
    for (int round = 0; round < 60; ++round) {
        std::vector<chat::draft> drafts;
        const bool retries = round % 2 == 0;
        for (auto left = 1 + below(70); left > 0; --left) {
            auto each = draft_of(below(3) ? "room" : "other", std::string(below(300), 'x'));
            each.username = below(2) ? "ann" : "bob";
            if (below(3) == 0) each.client_id = std::to_string(retries ? below(200) : random());
            if (below(4) == 0) each.reply_to = "01HX";
            for (auto n = below(20) ? 0 : 1 + below(3); n > 0; --n)
                each.attachments.push_back(numbered_upload(static_cast<int>(n)));
            drafts.push_back(std::move(each));
        }
        agree(drafts, below(2) != 0);
    }
    expect_same_rooms({"room", "other"});
}

}  // namespace
}  // namespace chatterlink::store
