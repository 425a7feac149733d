// An Engine.IO server on a loopback whose clients get back what they send, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "engineio/server.hpp"
#include "net/http_server.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::test {

/// Sends every message back; "close" ends the session, "last" does so behind a message, "throw" throws,
/// "pause" pauses it, "flood" sends 2 MB, "burst" answers with 100 numbered messages.
class engine {
  public:
    static constexpr const char* path = "/socket.io/?EIO=4&transport=";

    explicit engine(engineio::settings how = {}, base::shard_id shards = 1,
                    engineio::origin_policy origins = {})
        : loopback_(shards, [this](std::shared_ptr<net::connection> c) { http_->serve(std::move(c)); }) {
        base::init_random();
        server_.emplace(loopback_.threads, how, std::move(origins),
                        [this](engineio::client& c, const net::exchange& e) -> engineio::decision {
                            if (on_open) {
                                if (auto decided = on_open(c, e)) return std::move(*decided);
                            }
                            return std::make_unique<echo>(*this, c);
                        });
        http_.emplace(*server_);
    }
    ~engine() { loopback_.stop(); }

    /// Decides instead of the echo's admission, where it gives a decision. Set before the first connection.
    std::function<std::optional<engineio::decision>(engineio::client&, const net::exchange&)> on_open;
    /// What the clients get when nobody decides otherwise.
    std::unique_ptr<engineio::client_handler> make_echo(engineio::client& c) {
        return std::make_unique<echo>(*this, c);
    }

    raw_client connect(int receive_buffer = 0) const { return loopback_.connect(receive_buffer); }
    loopback* operator->() { return &loopback_; }
    engineio::server& server() { return *server_; }

    /// Opens a polling session; its id.
    static std::string open_polling(raw_client& client) {
        const auto answer = client.get(path + std::string("polling"));
        EXPECT_EQ(answer.status, 200u) << answer.body;
        EXPECT_EQ(answer.body.substr(0, 1), "0");
        return base::parse_json(answer.body.substr(1)).value().at("sid").get<std::string>();
    }
    /// Opens a session on a WebSocket; its id.
    static std::string open_websocket(raw_client& client, const std::string& fields = {}) {
        const auto answer = client.upgrade(path + std::string("websocket"), fields);
        EXPECT_EQ(answer.status, 101u) << answer.body;
        const auto open = client.ws_read_text();
        EXPECT_EQ(open.substr(0, 1), "0");
        return base::parse_json(open.substr(1)).value().at("sid").get<std::string>();
    }
    static std::string polling(const std::string& sid) { return path + ("polling&sid=" + sid); }
    static std::string websocket(const std::string& sid) { return path + ("websocket&sid=" + sid); }

    /// Why the session ended, once it has; throws if it does not.
    engineio::close_reason why_closed(const std::string& sid) {
        std::optional<engineio::close_reason> why;
        if (!eventually([&] {
                const std::lock_guard guard(lock_);
                const auto found =
                    std::find_if(closed_.begin(), closed_.end(), [&](auto& c) { return c.first == sid; });
                if (found != closed_.end()) why = found->second;
                return why.has_value();
            })) {
            throw std::runtime_error("the session did not end");
        }
        return *why;
    }
    std::size_t closed_sessions() {
        const std::lock_guard guard(lock_);
        return closed_.size();
    }

  private:
    class echo final : public engineio::client_handler {
      public:
        echo(engine& owner, engineio::client& c) : owner_(owner), client_(c) {}
        void on_message(std::string_view data, bool binary) override {
            EXPECT_EQ(&client_.home(), net::shard::current()) << "on a foreign shard";
            if (data == "close") return client_.close();
            if (data == "throw") throw std::runtime_error("expected in this test");
            if (data == "flood") {
                const std::string piece(100'000, 'x');
                for (int i = 0; i < 20; ++i) client_.send_message(piece);
                return;
            }
            if (data == "last") {
                client_.send_message("last words");
                return client_.close();
            }
            if (data == "pause") client_.pause();
            if (data == "burst") {
                for (int i = 0; i < 100; ++i) client_.send_message(std::to_string(i));
                return;
            }
            client_.send_message(data, binary);
        }
        void on_close(engineio::close_reason why) override {
            const std::lock_guard guard(owner_.lock_);
            owner_.closed_.emplace_back(client_.sid(), why);
        }

      private:
        engine& owner_;
        engineio::client& client_;
    };

    std::mutex lock_;
    std::vector<std::pair<std::string, engineio::close_reason>> closed_;
    loopback loopback_;
    std::optional<engineio::server> server_;
    std::optional<net::http_server> http_;
};

}  // namespace chatterlink::test
