#include "store/store_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
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

    void drop_oldest() {
        const message& oldest = messages_.front();
        if (!oldest.client_id.empty()) by_client_.erase({oldest.username, oldest.client_id});
        messages_.pop_front();
    }

    std::deque<message> messages_;  // without holes, up to last_seq_
    std::unordered_map<client_key, std::uint64_t, client_key_hash> by_client_;
    std::uint64_t last_seq_;
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
        appended result = target->append(std::move(what), std::move(id), options_.history_limit);
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
    // Rooms are spread over a few locks, so that busy rooms seldom wait for each other.
    struct stripe : gate {
        std::unordered_map<std::string, room, string_hash, std::equal_to<>> rooms;
        std::uint64_t appends = 0;
        std::uint64_t forgotten = 0;  // the highest seq of a room that was: none is given twice
    };
    static constexpr std::size_t stripe_count = 16;
    static constexpr int forget_among = 8;

    stripe& stripe_of(std::string_view name) { return stripes_[string_hash{}(name) % stripe_count]; }

    // Null when the room is new, there are too many, and none can be forgotten.
    room* find_or_make(stripe& home, const std::string& name) {
        const auto found = home.rooms.find(name);
        if (found != home.rooms.end()) return &found->second;
        if (room_count_.fetch_add(1) >= options_.room_limit && !home.rooms.empty() && !forget_one(home)) {
            --room_count_;
            return nullptr;
        }
        return &home.rooms.try_emplace(name, home.forgotten).first->second;
    }

    // Of a few taken at random, as in Redis: to look at all would take longer than an attacker needs to make
    // one.
    bool forget_one(stripe& home) {
        auto& rooms = home.rooms;
        const std::string* victim = nullptr;
        const room* least = nullptr;
        for (int i = 0; i < forget_among; ++i) {
            auto bucket = base::random_below(static_cast<std::uint32_t>(rooms.bucket_count()));
            while (rooms.bucket_size(bucket) == 0)
                bucket = bucket + 1 == rooms.bucket_count() ? 0 : bucket + 1;
            const auto& [name, candidate] = *rooms.begin(bucket);
            if (candidate.delivering || (least != nullptr && !candidate.worth_less_than(*least))) continue;
            victim = &name;
            least = &candidate;
        }
        if (victim == nullptr) return false;
        home.forgotten = std::max(home.forgotten, least->last_seq());
        rooms.erase(rooms.find(*victim));
        --room_count_;
        return true;
    }

    template <class T>
    static void refuse(std::unique_lock<std::mutex>& lock, const done<T>& then, base::error why) {
        lock.unlock();
        complete<T>(then, std::move(why));
    }

    const memory_options options_;
    std::atomic<bool> closed_{false};  // for healthy(); each gate has its own
    std::atomic<std::size_t> room_count_{0};
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
