// A Socket.IO server on a loopback and clients of it, for tests of what the server does with many sockets.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "net/http_server.hpp"
#include "net/support/loopback.hpp"
#include "socketio/server.hpp"

namespace chatterlink::test {

using socketio::json;

/// Its namespaces "/" and "/other" let everybody in. Every event is noted ("event NAME ARGUMENTS"), and
/// answered with its arguments; every end is noted ("end SID REASON").
class world {
  public:
    static constexpr const char* path = "/socket.io/?EIO=4&transport=websocket";

    explicit world(base::shard_id shards, socketio::settings how = {}, engineio::settings lower = {})
        : loopback_(shards, [this](std::shared_ptr<net::connection> c) { http_->serve(std::move(c)); }) {
        base::init_random();
        server_.emplace(loopback_.threads, std::move(lower), engineio::origin_policy{}, how);
        for (const auto* name : {"/", "/other"}) server_->on_connect(name, acceptor());
        http_.emplace(*server_);
    }
    ~world() { loopback_.stop(); }

    loopback& net() noexcept { return loopback_; }
    socketio::server& server() noexcept { return *server_; }

    socketio::async_connect_handler acceptor() {
        return [this](const socketio::socket_ptr& s, const socketio::handshake&,
                      const socketio::connect_decision& decide) { decide.accept(listener(s)); };
    }
    std::unique_ptr<socketio::socket_handler> listener(const socketio::socket_ptr& s) {
        return std::make_unique<recorder>(*this, s->id());
    }

    void note(std::string what) {
        const std::lock_guard guard(lock_);
        notes_.push_back(std::move(what));
    }
    std::size_t count(const std::string& what) {
        const std::lock_guard guard(lock_);
        return static_cast<std::size_t>(std::count(notes_.begin(), notes_.end(), what));
    }
    bool noted(const std::string& what) {
        return eventually([&] { return count(what) > 0; });
    }

    struct client {
        raw_client wire;
        std::string sid{};
        std::string pid{};

        /// The next packet; whatever is no text frame throws.
        std::string read() { return wire.ws_read_text(); }
        void send(std::string_view packet) { wire.ws_text(packet); }
        /// Whether everything sent to it so far has been read.
        bool idle() {
            send("42999[\"sync\"]");
            return read() == "43999[]";
        }
    };

    client open() {
        client c{loopback_.connect()};
        EXPECT_EQ(c.wire.upgrade(path).status, 101u);
        EXPECT_EQ(c.read().substr(0, 1), "0");
        return c;
    }
    /// With the answer to its CONNECT read.
    client connect(const json& auth = {}) {
        auto c = open();
        c.send(auth.is_null() ? "40" : "40" + auth.dump());
        take_answer(c);
        return c;
    }
    static void take_answer(client& c) {
        const auto answer = c.read();
        ASSERT_EQ(answer.substr(0, 3), "40{") << answer;
        const auto data = json::parse(answer.substr(2));
        c.sid = data.at("sid");
        c.pid = data.value("pid", "");
    }
    std::vector<client> crowd(std::size_t n) {
        std::vector<client> all;
        for (std::size_t i = 0; i < n; ++i) all.push_back(connect());
        return all;
    }

    /// The rooms of a socket beside its own id, sorted; nullopt when there is no such socket.
    std::optional<std::vector<std::string>> rooms(const std::string& sid, const std::string& nsp = "/") {
        std::promise<std::optional<std::vector<std::string>>> answer;
        auto asked = answer.get_future();
        server_->rooms(nsp, sid, [&](auto all) { answer.set_value(std::move(all)); });
        auto all = asked.get();
        if (!all) return all;
        EXPECT_EQ(all->at(0), sid) << "everybody is in the room of its own id";
        all->erase(all->begin());
        std::sort(all->begin(), all->end());
        return all;
    }
    std::vector<std::string> fetch(const socketio::target& who) {
        std::promise<std::vector<socketio::socket_info>> answer;
        auto asked = answer.get_future();
        server_->fetch(who, [&](auto all) { answer.set_value(std::move(all)); });
        std::vector<std::string> ids;
        for (const auto& each : asked.get()) ids.push_back(each.id);
        std::sort(ids.begin(), ids.end());
        return ids;
    }

  private:
    class recorder final : public socketio::socket_handler {
      public:
        recorder(world& owner, std::string sid) : owner_(owner), sid_(std::move(sid)) {}
        void on_event(const std::string& name, json arguments, socketio::ack answer) override {
            owner_.note("event " + name + " " + arguments.dump());
            if (answer) answer(std::move(arguments));
        }
        void on_disconnect(engineio::close_reason why) override {
            owner_.note("end " + sid_ + " " + std::string(engineio::close_reason_name(why)));
        }

      private:
        world& owner_;
        const std::string sid_;
    };

    std::mutex lock_;
    std::vector<std::string> notes_;
    loopback loopback_;
    std::optional<socketio::server> server_;
    std::optional<net::http_server> http_;
};

}  // namespace chatterlink::test
