// What chat/store.hpp promises, over every adapter.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "contracts/store_calls.hpp"
#include "store/store_memory.hpp"
#include "store/store_sqlite.hpp"

namespace chatterlink {
namespace {

using base::errc;
using chat::appended;
using chat::message;
using chat::upload;
using test::draft_of;
using test::newest;

struct adapter {
    const char* name;
    std::unique_ptr<chat::store> (*make)(const std::filesystem::path& folder);
};

std::unique_ptr<chat::store> make_memory(const std::filesystem::path&) {
    return store::create_store_memory(
        {.history_limit = 100'000});  // a window that none of these tests leaves
}

std::unique_ptr<chat::store> make_sqlite(const std::filesystem::path& folder) {
    return store::open_store_sqlite({.path = folder / "chat.db"}).value();
}

class store_contract : public testing::TestWithParam<adapter> {
  protected:
    test::temporary_folder folder_;
    std::unique_ptr<chat::store> store_ = GetParam().make(folder_.path());
};

INSTANTIATE_TEST_SUITE_P(adapters, store_contract,
                         testing::Values(adapter{"memory", make_memory}, adapter{"sqlite", make_sqlite}),
                         [](const auto& which) { return std::string(which.param.name); });

upload picture(const std::string& name) {
    return {.name = name,
            .original = "holiday <1>.png",
            .type = "image/png",
            .size = 5'000'000'000,
            .width = 4'000'000'000,
            .height = 3,
            .thumbnail = "t-" + name};
}

std::vector<std::uint64_t> seqs_of(const std::vector<message>& messages) {
    std::vector<std::uint64_t> out;
    for (const auto& each : messages) out.push_back(each.seq);
    return out;
}

std::vector<std::uint64_t> from_one_to(std::uint64_t last) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t seq = 1; seq <= last; ++seq) out.push_back(seq);
    return out;
}

TEST_P(store_contract, seq_counts_from_one_in_each_room) {
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        EXPECT_EQ(test::append(*store_, draft_of("a", "x")).value().stored.seq, seq);
        EXPECT_EQ(test::append(*store_, draft_of("b", "x")).value().stored.seq, seq);
    }
}

TEST_P(store_contract, an_append_gives_back_the_draft_with_id_seq_and_time) {
    const auto before = base::wall_now_ms();
    const auto result = test::append(*store_, {.room = "room",
                                               .username = "ann",
                                               .text = "hello",
                                               .client_id = "c1",
                                               .reply_to = "01HX",
                                               .attachments = {picture("1.png"), picture("2.png")}})
                            .value();
    const message& stored = result.stored;
    EXPECT_FALSE(result.duplicate);
    EXPECT_FALSE(stored.id.empty());
    EXPECT_GE(stored.timestamp, before);
    EXPECT_LE(stored.timestamp, base::wall_now_ms());
    const message expected{.id = stored.id,
                           .room = "room",
                           .seq = 1,
                           .username = "ann",
                           .text = "hello",
                           .timestamp = stored.timestamp,
                           .client_id = "c1",
                           .reply_to = "01HX",
                           .attachments = {picture("1.png"), picture("2.png")}};
    EXPECT_EQ(stored, expected);
    EXPECT_EQ(test::history(*store_, newest("room")).value().messages, std::vector{expected});
}

TEST_P(store_contract, ids_are_unique) {
    std::set<std::string> ids;
    for (int i = 0; i < 500; ++i) {
        ids.insert(test::append(*store_, draft_of(i % 2 ? "a" : "b", "x")).value().stored.id);
    }
    EXPECT_EQ(ids.size(), 500u);
}

TEST_P(store_contract, a_retry_gets_the_first_copy_and_uses_no_seq) {
    auto first_draft = draft_of("room", "first", "c1");
    first_draft.attachments = {picture("1.png")};
    const auto first = test::append(*store_, first_draft).value();
    test::append(*store_, draft_of("room", "other")).value();
    const auto again = test::append(*store_, draft_of("room", "changed text", "c1")).value();
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.stored, first.stored);
    EXPECT_EQ(test::append(*store_, draft_of("room", "next")).value().stored.seq, 3u);
    EXPECT_EQ(seqs_of(test::all_messages(*store_, "room")), from_one_to(3));
}

TEST_P(store_contract, a_client_id_counts_for_its_room_and_user_only) {
    EXPECT_FALSE(test::append(*store_, draft_of("a", "x", "c1", "ann")).value().duplicate);
    EXPECT_FALSE(test::append(*store_, draft_of("b", "x", "c1", "ann")).value().duplicate);
    EXPECT_FALSE(test::append(*store_, draft_of("a", "x", "c1", "bob")).value().duplicate);
    EXPECT_FALSE(test::append(*store_, draft_of("a", "x", "C1", "ann")).value().duplicate);
    EXPECT_TRUE(test::append(*store_, draft_of("a", "x", "c1", "ann")).value().duplicate);
}

TEST_P(store_contract, without_a_client_id_nothing_is_a_duplicate) {
    for (std::uint64_t seq = 1; seq <= 3; ++seq) {
        const auto result = test::append(*store_, draft_of("room", "same")).value();
        EXPECT_FALSE(result.duplicate);
        EXPECT_EQ(result.stored.seq, seq);
    }
}

TEST_P(store_contract, one_client_id_from_eight_threads_at_once_is_kept_once) {
    std::atomic<int> firsts{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) {
                const auto result = test::append(*store_, draft_of("room", "x", std::to_string(i))).value();
                EXPECT_EQ(result.stored.client_id, std::to_string(i));
                firsts += !result.duplicate;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(firsts, 100);
    EXPECT_EQ(seqs_of(test::all_messages(*store_, "room")), from_one_to(100));
}

TEST_P(store_contract, an_unknown_room_is_an_empty_page) {
    test::append(*store_, draft_of("known", "x")).value();
    for (const auto& which : {newest("unknown"), chat::history_query{"unknown", 5, {}, 10},
                              chat::history_query{"unknown", {}, 0, 10}, newest("")}) {
        const auto page = test::history(*store_, which).value();
        EXPECT_TRUE(page.messages.empty());
        EXPECT_FALSE(page.more);
        EXPECT_EQ(page.last_seq, 0u);
    }
}

TEST_P(store_contract, history_agrees_with_its_definition_for_every_before_after_and_limit) {
    constexpr std::uint64_t last = 7;
    for (std::uint64_t i = 0; i < last; ++i)
        test::append(*store_, draft_of("room", std::to_string(i))).value();
    std::vector<std::optional<std::uint64_t>> bounds{std::nullopt, std::numeric_limits<std::uint64_t>::max(),
                                                     std::uint64_t{1} << 63};
    for (std::uint64_t seq = 0; seq <= last + 2; ++seq) bounds.emplace_back(seq);

    for (const auto before : bounds) {
        for (const auto after : bounds) {
            for (const std::uint32_t limit : {0u, 1u, 2u, 3u, 6u, 7u, 8u, 4'294'967'295u}) {
                auto expected = from_one_to(last);
                bool more = false;
                if (after) {
                    std::erase_if(expected, [&](auto seq) { return seq <= *after; });
                    more = expected.size() > limit;
                    if (more) expected.resize(limit);
                } else {
                    if (before) std::erase_if(expected, [&](auto seq) { return seq >= *before; });
                    more = expected.size() > limit;
                    if (more) expected.erase(expected.begin(), expected.end() - limit);
                }
                const auto page = test::history(*store_, {"room", before, after, limit}).value();
                const auto which = "before " + (before ? std::to_string(*before) : "-") + " after " +
                                   (after ? std::to_string(*after) : "-") + " limit " + std::to_string(limit);
                EXPECT_EQ(seqs_of(page.messages), expected) << which;
                EXPECT_EQ(page.more, more) << which;
                EXPECT_EQ(page.last_seq, last) << which;
            }
        }
    }
}

TEST_P(store_contract, texts_come_back_byte_for_byte) {
    std::vector<std::string> texts{"",
                                   " ",
                                   "a\nb\r\n\t",
                                   "<script>alert(1)</script>",
                                   "'; DROP TABLE messages; --",
                                   "%s%n ?1 :x @y $z",
                                   std::string(8 * 1024, 'x'),
                                   std::string(1024 * 1024, 'y')};
    std::string eight_kib;
    while (eight_kib.size() < 8 * 1024) eight_kib += "😀";
    texts.push_back(eight_kib);
    for (const auto& text : texts) {
        const auto stored = test::append(*store_, draft_of("room", text)).value().stored;
        EXPECT_EQ(stored.text, text);
    }
    const auto read = test::all_messages(*store_, "room");
    ASSERT_EQ(read.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(read[i].text, texts[i]);
}

std::string utf8(std::uint32_t c) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
    if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
    return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
            byte(0x80 | (c & 0x3F))};
}

TEST_P(store_contract, all_of_unicode_comes_back_in_every_field) {
    std::vector<std::string> texts(1);
    for (std::uint32_t c = 1; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        texts.back() += utf8(c);
        if (texts.back().size() > 60'000) texts.emplace_back();
    }
    for (const auto& text : texts) {
        upload file = picture(text);
        file.original = text;
        const auto kept = test::append(*store_, {.room = text,
                                                 .username = text,
                                                 .text = text,
                                                 .client_id = text,
                                                 .reply_to = text,
                                                 .attachments = {file}})
                              .value()
                              .stored;
        const auto read = test::history(*store_, newest(text)).value().messages;
        ASSERT_EQ(read.size(), 1u);
        EXPECT_TRUE(read[0] == kept);
        EXPECT_TRUE(read[0].room == text && read[0].username == text && read[0].text == text &&
                    read[0].client_id == text && read[0].reply_to == text);
        EXPECT_TRUE(read[0].attachments == std::vector{file});
    }
}

TEST_P(store_contract, names_that_mean_something_elsewhere_are_plain_data) {
    const std::vector<std::string> names{"__proto__",        "constructor", "toString",
                                         "../../etc/passwd", "NULL",        "%00"};
    for (const auto& name : names) {
        EXPECT_EQ(test::append(*store_, draft_of(name, "x", name, name)).value().stored.seq, 1u);
        EXPECT_EQ(test::all_messages(*store_, name).at(0).username, name);
    }
}

// What completions of one store said, in the order in which they came.
class record {
  public:
    void add(const base::result<appended>& result) {
        const std::lock_guard lock(mutex_);
        ++completed_;
        if (result) seqs_[result->stored.room].push_back(result->stored.seq);
    }
    std::map<std::string, std::vector<std::uint64_t>> seqs() const {
        const std::lock_guard lock(mutex_);
        return seqs_;
    }
    std::size_t completed() const {
        const std::lock_guard lock(mutex_);
        return completed_;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::vector<std::uint64_t>> seqs_;
    std::size_t completed_ = 0;
};

TEST_P(store_contract, eight_threads_in_one_room_leave_no_hole_and_complete_in_order) {
    constexpr int each = 1000;
    record seen;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                store_->append(draft_of("room", "x", std::to_string(t) + "-" + std::to_string(i)),
                               [&](auto result) { seen.add(result); });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    store_->close();
    EXPECT_EQ(seen.completed(), 8u * each);
    EXPECT_EQ(seen.seqs()["room"], from_one_to(8 * each));
}

TEST_P(store_contract, eight_threads_in_eight_rooms_leave_no_hole_and_complete_in_order) {
    constexpr int each = 1000;
    record seen;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                store_->append(draft_of("room " + std::to_string((t + i) % 8), "x"),
                               [&](auto result) { seen.add(result); });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    store_->close();
    EXPECT_EQ(seen.completed(), 8u * each);
    const auto seqs = seen.seqs();
    EXPECT_EQ(seqs.size(), 8u);
    for (const auto& [room, numbers] : seqs) EXPECT_EQ(numbers, from_one_to(each)) << room;
}

TEST_P(store_contract, what_was_acked_is_in_a_history_asked_for_afterwards) {
    for (std::uint64_t seq = 1; seq <= 100; ++seq) {
        test::append(*store_, draft_of("room", "x")).value();
        const auto page = test::history(*store_, newest("room", 1)).value();
        ASSERT_EQ(seqs_of(page.messages), std::vector{seq});
        ASSERT_EQ(page.last_seq, seq);
    }
}

TEST_P(store_contract, a_page_read_while_others_write_agrees_with_itself) {
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        std::counting_semaphore<> free(64);
        while (!stop) {
            free.acquire();
            store_->append(draft_of("room", "x"), [&](auto) { free.release(); });
        }
        for (int i = 0; i < 64; ++i) free.acquire();
    });
    std::uint64_t known = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto missed = test::history(*store_, {"room", {}, known, 1000}).value();
        known = missed.messages.empty() ? known : missed.messages.back().seq;
        EXPECT_EQ(missed.more, missed.last_seq > known);
        EXPECT_GE(missed.last_seq, known);
        const auto page = test::history(*store_, newest("room", 10)).value();
        if (page.messages.empty()) {
            EXPECT_EQ(page.last_seq, 0u);
            continue;
        }
        EXPECT_EQ(page.messages.back().seq, page.last_seq);
        EXPECT_EQ(page.messages.back().seq - page.messages.front().seq + 1, page.messages.size());
        EXPECT_EQ(page.more, page.last_seq > 10);
    }
    stop = true;
    writer.join();
}

TEST_P(store_contract, a_completion_may_call_the_store_again) {
    std::promise<std::vector<std::uint64_t>> finished;
    std::vector<std::uint64_t> seqs;
    std::function<void(base::result<appended>)> again = [&](base::result<appended> result) {
        seqs.push_back(result.value().stored.seq);
        if (seqs.size() < 20) return store_->append(draft_of("room", "x"), again);
        store_->history(newest("room"),
                        [&](auto page) { finished.set_value(seqs_of(page.value().messages)); });
    };
    store_->append(draft_of("room", "x"), again);
    auto future = finished.get_future();
    ASSERT_EQ(future.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_EQ(future.get(), from_one_to(20));
    EXPECT_EQ(seqs, from_one_to(20));
}

TEST_P(store_contract, a_completion_that_throws_harms_nobody) {
    store_->append(draft_of("room", "x"), [](auto) { throw std::runtime_error("on purpose"); });
    store_->history(newest("room"), [](auto) { throw 1; });
    store_->rooms([](auto) { throw std::runtime_error("on purpose"); });
    EXPECT_EQ(test::append(*store_, draft_of("room", "x")).value().stored.seq, 2u);
    EXPECT_EQ(test::history(*store_, newest("room")).value().last_seq, 2u);
}

TEST_P(store_contract, rooms_with_messages_are_listed_by_name) {
    EXPECT_TRUE(test::rooms(*store_).value().empty());
    for (const char* room : {"b", "ä", "B", "a", "b"}) test::append(*store_, draft_of(room, "x")).value();
    test::history(*store_, newest("never written to")).value();
    const std::vector<chat::room_info> expected{{"B", 1, ""}, {"a", 1, ""}, {"b", 2, ""}, {"ä", 1, ""}};
    EXPECT_EQ(test::rooms(*store_).value(), expected);
}

TEST_P(store_contract, an_upload_is_found_by_its_name) {
    const upload file = picture("01HF.png");
    EXPECT_EQ(test::add_upload(*store_, file).value(), file);
    EXPECT_EQ(test::find_upload(*store_, "01HF.png").value(), file);
    upload bare{.name = "bare", .original = "", .type = "", .thumbnail = ""};
    EXPECT_EQ(test::add_upload(*store_, bare).value(), bare);
    EXPECT_EQ(test::find_upload(*store_, "bare").value(), bare);
}

TEST_P(store_contract, an_unknown_upload_is_attachment_unknown) {
    test::add_upload(*store_, picture("known.png")).value();
    for (const char* name : {"unknown.png", "", "KNOWN.PNG", "known.png ", "%"}) {
        const auto result = test::find_upload(*store_, name);
        ASSERT_TRUE(result.has_error()) << name;
        EXPECT_EQ(result.error().code, errc::attachment_unknown) << name;
    }
}

TEST_P(store_contract, an_upload_added_again_replaces_the_first) {
    test::add_upload(*store_, picture("1.png")).value();
    upload changed = picture("1.png");
    changed.size = 1;
    test::add_upload(*store_, changed).value();
    EXPECT_EQ(test::find_upload(*store_, "1.png").value(), changed);
}

TEST_P(store_contract, calls_after_close_end_with_shutting_down) {
    test::append(*store_, draft_of("room", "x", "c1")).value();
    store_->close();
    EXPECT_FALSE(store_->healthy());
    EXPECT_EQ(test::append(*store_, draft_of("room", "x")).error().code, errc::shutting_down);
    EXPECT_EQ(test::append(*store_, draft_of("room", "x", "c1")).error().code, errc::shutting_down);
    EXPECT_EQ(test::history(*store_, newest("room")).error().code, errc::shutting_down);
    EXPECT_EQ(test::rooms(*store_).error().code, errc::shutting_down);
    EXPECT_EQ(test::add_upload(*store_, picture("1.png")).error().code, errc::shutting_down);
    EXPECT_EQ(test::find_upload(*store_, "1.png").error().code, errc::shutting_down);
    EXPECT_FALSE(store_->description().empty());
}

TEST_P(store_contract, everything_taken_before_close_is_completed_when_close_returns) {
    std::atomic<int> completed{0};
    for (int i = 0; i < 2000; ++i) {
        store_->append(draft_of("room", "x"), [&](auto result) { completed += result.has_value(); });
        if (i % 4 == 0)
            store_->history(newest("room"), [&](auto result) { completed += result.has_value(); });
        if (i % 4 == 1)
            store_->add_upload(picture("u"), [&](auto result) { completed += result.has_value(); });
    }
    store_->close();
    EXPECT_EQ(completed, 3000);
}

TEST_P(store_contract, a_close_amid_appends_completes_each_once_and_keeps_exactly_what_it_acked) {
    record seen;
    std::atomic<std::size_t> calls{0};
    std::atomic<std::size_t> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (bool open = true; open;) {
                ++calls;
                auto refused = std::make_shared<std::atomic<bool>>(false);
                store_->append(draft_of("room", "x"), [&, refused](auto result) {
                    if (!result) {
                        wrong += result.error().code != errc::shutting_down;
                        *refused = true;
                    }
                    seen.add(result);
                });
                open = !*refused && calls < 60'000;
            }
        });
    }
    while (seen.completed() < 500) std::this_thread::yield();
    store_->close();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(seen.completed(), calls);
    EXPECT_EQ(wrong, 0u);
    const auto acked = seen.seqs()["room"];
    EXPECT_EQ(acked, from_one_to(acked.size()));
}

TEST_P(store_contract, it_is_healthy_and_says_what_it_is) {
    EXPECT_TRUE(store_->healthy());
    EXPECT_EQ(store_->description().rfind(GetParam().name, 0), 0u);
}

TEST_P(store_contract, destroying_it_without_close_completes_what_was_taken) {
    std::atomic<int> completed{0};
    for (int i = 0; i < 500; ++i) store_->append(draft_of("room", "x"), [&](auto) { ++completed; });
    store_.reset();
    EXPECT_EQ(completed, 500);
}

}  // namespace
}  // namespace chatterlink
