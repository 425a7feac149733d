// The chat's service over shards without threads: participants that note what they are told, an encoder that
// counts, and a store that fails or is slow when told to.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "chat/service.hpp"
#include "store/store_memory.hpp"
#include "support/manual_shards.hpp"

namespace chatterlink::test {

/// A store in memory that can be made to fail, to hold its answers back, or to hold the calls themselves
/// back.
class trying_store final : public chat::store {
  public:
    bool failing_appends = false;
    bool failing_reads = false;
    enum class slowness { none, answers, calls } slow = slowness::none;
    std::size_t appends = 0;
    std::size_t reads = 0;

    void append(chat::draft what, done<chat::appended> then) override {
        ++appends;
        if (failing_appends) return then(unavailable());
        inner_->append(std::move(what), std::move(then));
    }
    void history(chat::history_query which, done<chat::history_page> then) override {
        ++reads;
        if (failing_reads) return then(unavailable());
        maybe_later([this, which = std::move(which), then = std::move(then)] {
            inner_->history(which, [this, then](base::result<chat::history_page> page) {
                if (slow != slowness::answers) return then(std::move(page));
                held.push_back([then, page = std::move(page)]() mutable { then(std::move(page)); });
            });
        });
    }
    void rooms(done<std::vector<chat::room_info>> then) override {
        if (failing_reads) return then(unavailable());
        inner_->rooms(std::move(then));
    }
    void add_upload(chat::upload what, done<chat::upload> then) override {
        inner_->add_upload(std::move(what), std::move(then));
    }
    void find_upload(std::string name, done<chat::upload> then) override {
        maybe_later(
            [this, name = std::move(name), then = std::move(then)] { inner_->find_upload(name, then); });
    }
    void close() override { inner_->close(); }
    std::string description() const override { return "for tests"; }
    bool healthy() const noexcept override { return !failing_appends; }

    /// What is held back, the oldest first.
    std::deque<std::function<void()>> held;
    void release_one() {
        const auto next = std::move(held.front());
        held.pop_front();
        next();
    }

  private:
    static base::error unavailable() { return base::fail(base::errc::store_unavailable, "the disk is full"); }
    void maybe_later(std::function<void()> call) {
        slow == slowness::calls ? held.push_back(std::move(call)) : call();
    }

    std::unique_ptr<chat::store> inner_ = chatterlink::store::create_store_memory();
};

/// Encodes events as words: "message lobby 1 ann: hello", "presence lobby +ann -bob =3", "typing lobby ann".
struct word_encoder final : chat::event_encoder {
    mutable std::map<std::string, std::size_t> encoded;  // by kind

    void encode(const chat::event& what, hub::frame& into) const override {
        const auto text = std::visit([](const auto& each) { return words(each); }, what);
        ++encoded[text.substr(0, text.find(' '))];
        into.in(hub::encoding::line) = base::shared_buffer::copy_of(text);
    }
    static std::string words(const chat::message& m) {
        std::string text =
            "message " + m.room + " " + std::to_string(m.seq) + " " + m.username + ": " + m.text;
        for (const auto& each : m.attachments) text += " [" + each.name + "]";
        return text;
    }
    static std::string words(const chat::presence& p) {
        std::string text = "presence " + p.room;
        for (const auto& each : p.joined) text += " +" + each;
        for (const auto& each : p.left) text += " -" + each;
        return text + " =" + std::to_string(p.count);
    }
    static std::string words(const chat::typing& t) {
        std::string text = "typing " + t.room;
        for (const auto& each : t.usernames) text += " " + each;
        return text;
    }
};

/// One connection: what it was told, in order.
struct person final : hub::subscriber {
    std::vector<std::string> told;
    chat::participant_ptr who;
    base::shard_id shard = 0;

    void deliver(const hub::frame& f) override { told.emplace_back(f.in(hub::encoding::line)->view()); }
    /// What it was told that begins with a word, and forgets everything.
    std::vector<std::string> take(const std::string& kind = {}) {
        std::vector<std::string> found;
        for (auto& each : std::exchange(told, {})) {
            if (each.starts_with(kind)) found.push_back(std::move(each));
        }
        return found;
    }
};

class chat_world {
  public:
    explicit chat_world(base::shard_id shards = 1, chat::limits bounds = unlimited())
        : threads(shards), rooms(threads), service(threads, rooms, store, bounds) {
        base::init_random();
        service.add_encoder(encoder);
    }
    ~chat_world() {
        for (auto& each : people) {
            if (!each->who->gone) at(*each, [&] { service.exit(*each->who); });
        }
        threads.run();
    }

    static chat::limits unlimited() {
        chat::limits l;
        l.rate_limited = false;
        return l;
    }

    person& enter(base::shard_id shard = 0) {
        auto& p = *people.emplace_back(std::make_unique<person>());
        p.shard = shard % threads.count();
        at(p, [&] { p.who = service.enter(p); });
        return p;
    }
    /// Calls something on a person's shard; nothing that it posts has run yet.
    void at(const person& p, const std::function<void()>& call) { threads.enter(p.shard, call); }

    /// Starts a call that answers by a completion; the answer is there when it has come, and comes once.
    template <class T>
    using pending = std::shared_ptr<std::optional<base::result<T>>>;
    template <class T>
    static chat::service::done<T> into(const person& p, const manual_shards& threads,
                                       const pending<T>& answer) {
        return [&p, &threads, answer](base::result<T> r) {
            EXPECT_FALSE(answer->has_value()) << "answered twice";
            EXPECT_EQ(threads.current(), p.shard) << "answered on a foreign shard";
            answer->emplace(std::move(r));
        };
    }

    pending<chat::joined> start_join(person& p, chat::join_request what) {
        auto answer = std::make_shared<std::optional<base::result<chat::joined>>>();
        at(p, [&] { service.join(p.who, std::move(what), into(p, threads, answer)); });
        return answer;
    }
    pending<chat::said> start_say(person& p, chat::say_request what) {
        auto answer = std::make_shared<std::optional<base::result<chat::said>>>();
        at(p, [&] { service.say(p.who, std::move(what), into(p, threads, answer)); });
        return answer;
    }

    base::result<chat::joined> join(person& p, const std::string& username, const std::string& room = "lobby",
                                    const std::string& token = {}) {
        return finish(start_join(p, {.username = username, .room = room, .token = token}));
    }
    base::result<chat::said> say(person& p, const std::string& text, const std::string& room = "lobby") {
        return finish(start_say(p, {.room = room, .text = text}));
    }
    base::result<void> leave(person& p, const std::string& room = "lobby") {
        base::result<void> left;
        at(p, [&] { left = service.leave(*p.who, room); });
        threads.run();
        return left;
    }
    void exit(person& p) {
        at(p, [&] { service.exit(*p.who); });
        threads.run();
    }
    base::result<void> typing(person& p, bool now, const std::string& room = "lobby") {
        base::result<void> told;
        at(p, [&] { told = service.typing(*p.who, room, now); });
        threads.run();
        return told;
    }
    base::result<chat::history_page> history(person& p, chat::history_query which) {
        auto answer = std::make_shared<std::optional<base::result<chat::history_page>>>();
        at(p, [&] { service.history(p.who, std::move(which), into(p, threads, answer)); });
        return finish(answer);
    }
    base::result<chat::members_page> list_members(person& p, chat::members_query which) {
        auto answer = std::make_shared<std::optional<base::result<chat::members_page>>>();
        at(p, [&] { service.list_members(p.who, std::move(which), into(p, threads, answer)); });
        return finish(answer);
    }
    base::result<std::vector<chat::listed_room>> list(person& p) {
        auto answer = std::make_shared<std::optional<base::result<std::vector<chat::listed_room>>>>();
        at(p, [&] { service.rooms(p.who, into(p, threads, answer)); });
        return finish(answer);
    }
    template <class T>
    base::result<T> finish(const pending<T>& answer) {
        threads.run();
        if (!answer->has_value()) throw std::runtime_error("no answer came");
        return **answer;
    }

    manual_shards threads;
    hub::hub rooms;
    trying_store store;
    word_encoder encoder;
    std::vector<std::unique_ptr<person>> people;
    chat::service service;
};

}  // namespace chatterlink::test
