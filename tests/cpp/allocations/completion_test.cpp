// What a message asks the store's thread for: no memory. Whoever appends has made all of it, and frees it;
// taken on one thread and given back on another it costs both of them more.
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "allocations/counted.hpp"
#include "base/ids.hpp"
#include "chat/service.hpp"
#include "store/store_sqlite.hpp"
#include "support/temporary_folder.hpp"

namespace chatterlink::test {
namespace {

constexpr std::size_t appends = 200;

// One shard, which is the thread that made it. What is posted waits in a list that is long enough.
class waiting_shards final : public base::shards {
  public:
    waiting_shards() { posted_.reserve(4 * appends); }

    base::shard_id count() const noexcept override { return 1; }
    base::shard_id current() const noexcept override {
        return std::this_thread::get_id() == home_ ? 0 : base::no_shard;
    }
    void post(base::shard_id, task what) override { posted_.push_back(std::move(what)); }
    void after(base::milliseconds, task) override {}

    std::size_t waiting() const { return posted_.size(); }
    void run() {
        for (std::size_t i = 0; i < posted_.size(); ++i) std::exchange(posted_[i], {})();
        posted_.clear();
    }

  private:
    const std::thread::id home_ = std::this_thread::get_id();
    std::vector<task> posted_;
};

// Keeps what it is given until it is told to answer.
class waiting_store final : public chat::store {
  public:
    void append(chat::draft what, done<chat::appended> then) override {
        chat::appended kept;
        kept.stored.id = base::sortable_id();
        kept.stored.seq = ++last_seq_;
        kept.stored.room = std::move(what.room);
        kept.stored.username = std::move(what.username);
        kept.stored.text = std::move(what.text);
        waiting_.emplace_back(std::move(kept), std::move(then));
    }
    void answer() {
        for (auto& [kept, then] : waiting_) then(std::move(kept));
    }

    void history(chat::history_query, done<chat::history_page> then) override { then(chat::history_page{}); }
    void rooms(done<std::vector<chat::room_info>> then) override { then({}); }
    void add_upload(chat::upload what, done<chat::upload> then) override { then(std::move(what)); }
    void find_upload(std::string, done<chat::upload> then) override { then(chat::upload{}); }
    void close() override {}
    std::string description() const override { return "for a test"; }
    bool healthy() const noexcept override { return true; }

  private:
    std::uint64_t last_seq_ = 0;
    std::vector<std::pair<chat::appended, done<chat::appended>>> waiting_;
};

struct listener final : hub::subscriber {
    std::vector<std::uint64_t> heard;
    void deliver(const hub::frame& f) override { heard.push_back(f.seq); }
};

// Calls on another thread, and says what that thread allocated meanwhile.
template <class Call>
std::uint64_t allocated_elsewhere(Call&& call) {
    std::uint64_t count = 0;
    std::thread([&] {
        const auto before = allocations.load();
        call();
        count = allocations.load() - before;
    }).join();
    return count;
}

chat::draft said_in(std::string room) {
    return {std::move(room), "Ann", std::string(100, 'x'), {}, {}};
}

TEST(allocations, an_answer_of_the_store_takes_none_of_its_thread) {
    base::init_random();
    not_counted = true;  // this thread is the shard
    waiting_shards threads;
    hub::hub rooms(threads);
    waiting_store store;
    chat::limits bounds;
    bounds.rate_limited = false;
    chat::service rules(threads, rooms, store, bounds);
    listener ears;
    const auto who = rules.enter(ears);
    rules.join(who, {.username = "Ann", .room = "a room with a name that is a long one"},
               [](base::result<chat::joined> in) { EXPECT_TRUE(in); });
    threads.run();
    ears.heard.clear();

    std::vector<std::uint64_t> answered;
    for (std::size_t i = 0; i < appends; ++i) {
        rules.say(who, {.room = "a room with a name that is a long one", .text = std::string(100, 'x')},
                  [&](base::result<chat::said> kept) { answered.push_back(kept ? kept->seq : 0); });
    }
    EXPECT_EQ(allocated_elsewhere([&] { store.answer(); }), 0u);
    EXPECT_EQ(threads.waiting(), appends) << "one task for each";
    threads.run();
    std::vector<std::uint64_t> in_order;
    for (std::uint64_t seq = 1; seq <= appends; ++seq) in_order.push_back(seq);
    EXPECT_EQ(answered, in_order);
    EXPECT_EQ(ears.heard, in_order);
    rules.exit(*who);
    threads.run();
    not_counted = false;
}

TEST(allocations, a_message_takes_none_of_the_thread_that_writes_it_to_sqlite) {
    not_counted = true;
    const temporary_folder folder;
    {
        auto store = chatterlink::store::open_store_sqlite({.path = folder / "test.db"});
        ASSERT_TRUE(store) << store.error().message;
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t done = 0;
        // Behind one that holds up the writer, so that all are in one commit: that needs a few for itself.
        const auto append_all = [&] {
            bool open = false;
            done = 0;
            (*store)->append(said_in("first"), [&](const base::result<chat::appended>&) {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return open; });
            });
            for (std::size_t i = 0; i < appends; ++i) {
                (*store)->append(said_in("room"), [&](const base::result<chat::appended>& kept) {
                    EXPECT_TRUE(kept);
                    const std::lock_guard lock(mutex);
                    ++done;
                    changed.notify_all();
                });
            }
            std::unique_lock lock(mutex);
            open = true;
            changed.notify_all();
            changed.wait(lock, [&] { return done == appends; });
        };
        append_all();  // until its lists are long enough
        append_all();
        const auto before = allocations.load();
        append_all();
        const auto taken = allocations.load() - before;
        EXPECT_GT(taken, 0u) << "nothing was counted";
        EXPECT_LT(taken, appends / 4);
    }
    not_counted = false;
}

}  // namespace
}  // namespace chatterlink::test
