#include "store/store_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "store/completion.hpp"

namespace chatterlink::store {
namespace {

using base::errc;
using chat::appended;
using chat::draft;
using chat::history_page;
using chat::history_query;
using chat::message;
using chat::room_info;
using chat::upload;

struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

// Points into a kept message, which a deque does not move: the index costs no copies of strings.
struct client_key {
    std::string_view username;
    std::string_view client_id;
    bool operator==(const client_key&) const = default;
};

struct client_key_hash {
    std::size_t operator()(const client_key& key) const noexcept {
        return std::hash<std::string_view>{}(key.client_id) * 31 +
               std::hash<std::string_view>{}(key.username);
    }
};

// What a message takes of the memory, nearly.
std::size_t bytes_of(const message& m) noexcept {
    std::size_t bytes = sizeof m + m.id.size() + m.room.size() + m.username.size() + m.text.size() +
                        m.client_id.size() + m.reply_to.size();
    for (const auto& each : m.attachments)
        bytes += sizeof each + each.name.size() + each.original.size() + each.thumbnail.size();
    return bytes;
}

// One room. Guarded by its stripe's mutex.
class room {
  public:
    /// Its first message is the one after `begun`.
    explicit room(std::uint64_t begun) : last_seq_(begun) {}

    appended append(draft&& what, std::string&& id, std::size_t history_limit) {
        if (!what.client_id.empty()) {
            const auto known = by_client_.find({what.username, what.client_id});
            if (known != by_client_.end()) return {at(known->second), true};
        }
        const message& kept = messages_.emplace_back(
            message_of(std::move(what), std::move(id), ++last_seq_, base::wall_now_ms()));
        if (!kept.client_id.empty()) by_client_.emplace(client_key{kept.username, kept.client_id}, kept.seq);
        bytes_ += bytes_of(kept);
        appended out{kept, false};
        while (messages_.size() > history_limit) drop_oldest();
        return out;
    }

    history_page page(const history_query& which) const {
        history_page out;
        out.last_seq = last_seq_;
        const std::uint64_t first = last_seq_ - messages_.size() + 1;  // seq of the oldest kept
        std::uint64_t begin = 0;                                       // seqs [begin, end) are given back
        std::uint64_t end = 0;
        if (which.after) {
            if (*which.after >= last_seq_) return out;
            begin = std::max(*which.after + 1, first);
            end = std::min(begin + which.limit, last_seq_ + 1);
            out.more = end <= last_seq_;
        } else {
            end = std::min(which.before.value_or(last_seq_ + 1), last_seq_ + 1);
            if (end <= first) return out;
            begin = end - std::min<std::uint64_t>(which.limit, end - first);
            out.more = begin > first;
        }
        out.messages.reserve(end - begin);
        for (auto seq = begin; seq < end; ++seq) out.messages.push_back(at(seq));
        return out;
    }

    std::uint64_t last_seq() const noexcept { return last_seq_; }

    std::size_t bytes() const noexcept { return bytes_; }

    /// Its seq goes on. Bytes that are free now; 0 when it has none.
    std::size_t drop_oldest() {
        if (messages_.empty()) return 0;
        const message& oldest = messages_.front();
        const std::size_t bytes = bytes_of(oldest);
        if (!oldest.client_id.empty()) by_client_.erase({oldest.username, oldest.client_id});
        messages_.pop_front();
        bytes_ -= bytes;
        return bytes;
    }

    /// Whether it is less of a loss than another one: the fewer messages, else the longer ago.
    bool worth_less_than(const room& other) const noexcept {
        return std::pair(messages_.size(), used) < std::pair(other.messages_.size(), other.used);
    }
    std::uint64_t used = 0;  // when the last message came, counted in messages of its stripe

    // Completions of this room: while one is being called, further ones wait their turn here.
    struct turn {
        chat::store::done<appended> then;
        appended result;
    };
    bool delivering = false;
    std::vector<turn> waiting;

  private:
    const message& at(std::uint64_t seq) const { return messages_[seq - (last_seq_ - messages_.size() + 1)]; }

    std::deque<message> messages_;  // without holes, up to last_seq_
    std::unordered_map<client_key, std::uint64_t, client_key_hash> by_client_;
    std::uint64_t last_seq_;
    std::size_t bytes_ = 0;  // of the messages
};

// The lock of some state and the count of completions being called for it, so that close() can wait for them.
struct gate {
    std::mutex mutex;
    std::condition_variable idle;
    bool closed = false;
    int calling = 0;

    // Unlocks, calls, locks again. The last touch of the gate is under its mutex: after close() it may be
    // destroyed.
    template <class Call>
    void call(std::unique_lock<std::mutex>& lock, Call&& completion) {
        ++calling;
        lock.unlock();
        completion();
        lock.lock();
        if (--calling == 0 && closed) idle.notify_all();
    }

    void close() {
        std::unique_lock lock(mutex);
        closed = true;
        idle.wait(lock, [&] { return calling == 0; });
    }
};

class store_memory final : public chat::store {
  public:
    explicit store_memory(memory_options options) : options_(options) {}

    void append(draft what, done<appended> then) override {
        std::string id = base::sortable_id();
        stripe& home = stripe_of(what.room);
        std::unique_lock lock(home.mutex);
        if (home.closed) return refuse(lock, then, closed_error());
        room* target = find_or_make(home, what.room);
        if (target == nullptr) {
            return refuse(lock, then, base::fail(errc::store_unavailable, "There are too many rooms."));
        }
        target->used = ++home.appends;
        const std::size_t before = target->bytes();
        appended result = target->append(std::move(what), std::move(id), options_.history_limit);
        home.bytes += target->bytes() - before;  // modulo 2^64: it may be less
        while (home.bytes > options_.byte_limit / stripe_count && shrink_one(home)) {
        }
        if (target->delivering) {
            target->waiting.push_back({std::move(then), std::move(result)});
            return;
        }
        target->delivering = true;
        home.call(lock, [&] { complete<appended>(then, std::move(result)); });
        while (!target->waiting.empty()) {
            auto turns = std::exchange(target->waiting, {});
            home.call(lock, [&] {
                for (auto& turn : turns) complete<appended>(turn.then, std::move(turn.result));
            });
        }
        target->delivering = false;
    }

    void history(history_query which, done<history_page> then) override {
        stripe& home = stripe_of(which.room);
        std::unique_lock lock(home.mutex);
        if (home.closed) return refuse(lock, then, closed_error());
        const auto found = home.rooms.find(which.room);
        history_page page = found == home.rooms.end() ? history_page{} : found->second.page(which);
        home.call(lock, [&] { complete<history_page>(then, std::move(page)); });
    }

    void rooms(done<std::vector<room_info>> then) override {
        std::unique_lock lock(rest_.mutex);
        if (rest_.closed) return refuse(lock, then, closed_error());
        rest_.call(lock, [&] {
            std::vector<room_info> all;
            for (stripe& each : stripes_) {
                const std::lock_guard stripe_lock(each.mutex);
                for (const auto& [name, content] : each.rooms) all.push_back({name, content.last_seq(), {}});
            }
            std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
            complete<std::vector<room_info>>(then, std::move(all));
        });
    }

    void add_upload(upload what, done<upload> then) override {
        std::unique_lock lock(rest_.mutex);
        if (rest_.closed) return refuse(lock, then, closed_error());
        const auto [entry, is_new] = uploads_.insert_or_assign(what.name, what);
        if (is_new) upload_order_.push_back(entry->first);
        while (upload_order_.size() > options_.upload_limit) {
            uploads_.erase(upload_order_.front());
            upload_order_.pop_front();
        }
        rest_.call(lock, [&] { complete<upload>(then, std::move(what)); });
    }

    void find_upload(std::string name, done<upload> then) override {
        std::unique_lock lock(rest_.mutex);
        if (rest_.closed) return refuse(lock, then, closed_error());
        const auto found = uploads_.find(name);
        if (found == uploads_.end()) return refuse(lock, then, unknown_upload_error());
        upload result = found->second;
        rest_.call(lock, [&] { complete<upload>(then, std::move(result)); });
    }

    void close() override {
        closed_ = true;
        for (stripe& each : stripes_) each.close();
        rest_.close();
    }

    std::string description() const override { return "memory"; }

    bool healthy() const noexcept override { return !closed_; }

  private:
    // Rooms are spread over a few locks, so that busy rooms seldom wait for each other. Each has its share of
    // what is bounded.
    struct stripe : gate {
        std::unordered_map<std::string, room, string_hash, std::equal_to<>> rooms;
        std::size_t bytes = 0;  // of all their messages
        std::uint64_t appends = 0;
        std::uint64_t forgotten = 0;  // the highest seq of a room that was: none is given twice
    };
    static constexpr std::size_t stripe_count = 16;
    static constexpr std::size_t pick_among = 16;

    stripe& stripe_of(std::string_view name) { return stripes_[string_hash{}(name) % stripe_count]; }

    // Null when the room is new, there are too many, and none can be forgotten.
    room* find_or_make(stripe& home, const std::string& name) {
        const auto found = home.rooms.find(name);
        if (found != home.rooms.end()) return &found->second;
        const std::size_t most = std::max<std::size_t>(options_.room_limit / stripe_count, 1);
        if (home.rooms.size() >= most && !forget_one(home)) return nullptr;
        return &home.rooms.try_emplace(name, home.forgotten).first->second;
    }

    // The first in order of a few taken at random, as in Redis: to look at all of many would take longer than
    // an attacker needs to make one. Null: none of them may be it.
    template <class MayBe, class Before>
    static std::pair<const std::string, room>* pick(stripe& home, MayBe may_be, Before before) {
        auto& rooms = home.rooms;
        std::pair<const std::string, room>* best = nullptr;
        const auto look = [&](std::pair<const std::string, room>& each) {
            if (may_be(each.second) && (best == nullptr || before(each.second, best->second))) best = &each;
        };
        if (rooms.size() <= pick_among) {
            for (auto& each : rooms) look(each);
            return best;
        }
        for (std::size_t i = 0; i < pick_among; ++i) {
            std::size_t bucket = base::random_below(static_cast<std::uint32_t>(rooms.bucket_count()));
            while (rooms.bucket_size(bucket) == 0)
                bucket = bucket + 1 == rooms.bucket_count() ? 0 : bucket + 1;
            const auto place = base::random_below(static_cast<std::uint32_t>(rooms.bucket_size(bucket)));
            look(*std::next(rooms.begin(bucket), place));
        }
        return best;
    }

    bool forget_one(stripe& home) {
        const auto* const victim = pick(
            home, [](const room& r) { return !r.delivering; },
            [](const room& a, const room& b) { return a.worth_less_than(b); });
        if (victim == nullptr) return false;
        home.forgotten = std::max(home.forgotten, victim->second.last_seq());
        home.bytes -= victim->second.bytes();
        home.rooms.erase(home.rooms.find(victim->first));
        return true;
    }

    // A large room gives its oldest message.
    bool shrink_one(stripe& home) {
        auto* const large = pick(
            home, [](const room& r) { return r.bytes() > 0; },
            [](const room& a, const room& b) { return a.bytes() > b.bytes(); });
        if (large == nullptr) return false;
        home.bytes -= large->second.drop_oldest();
        return true;
    }

    template <class T>
    static void refuse(std::unique_lock<std::mutex>& lock, const done<T>& then, base::error why) {
        lock.unlock();
        complete<T>(then, std::move(why));
    }

    const memory_options options_;
    std::atomic<bool> closed_{false};  // for healthy(); each gate has its own
    std::array<stripe, stripe_count> stripes_;

    gate rest_;  // of rooms() and of what follows
    std::unordered_map<std::string, upload> uploads_;
    std::deque<std::string> upload_order_;  // oldest first
};

}  // namespace

std::unique_ptr<chat::store> create_store_memory(memory_options options) {
    base::init_random();
    return std::make_unique<store_memory>(options);
}

}  // namespace chatterlink::store
