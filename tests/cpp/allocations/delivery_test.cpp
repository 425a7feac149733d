// What one delivery costs in allocations: the whole chat, real sockets; the same messages to a small room and
// to a large one, so that what differs is the deliveries'.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "allocations/counted.hpp"
#include "apps/app.hpp"
#include "net/support/raw_client.hpp"
#include "support/temporary_folder.hpp"

namespace chatterlink::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t few = 10;
constexpr std::size_t many = 60;
constexpr std::size_t messages = 200;

// Members of one room; the first one also speaks.
class web_room {
  public:
    web_room(std::uint16_t port, std::size_t members) {
        for (std::size_t i = 0; i < members; ++i) {
            auto& c = *clients_.emplace_back(std::make_unique<raw_client>(port));
            EXPECT_EQ(c.upgrade("/socket.io/?EIO=4&transport=websocket").status, 101u);
            c.ws_text("40");
            c.ws_text(R"(420["join",{"username":"user)" + std::to_string(i) + R"(","room":"all"}])");
            read_until(c, "430[");
        }
        std::this_thread::sleep_for(300ms);  // presence is told, coalesced
    }
    // Each message is answered and has reached everybody before the next goes out.
    void talk(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            clients_.front()->ws_text(R"(421["message",{"room":"all","message":"what everybody hears"}])");
            for (auto& c : clients_) read_until(*c, R"(42["message")");
        }
    }

  private:
    static void read_until(raw_client& c, std::string_view beginning) {
        while (!c.ws_read_text().starts_with(beginning)) {
        }
    }
    std::vector<std::unique_ptr<raw_client>> clients_;
};

class line_room {
  public:
    line_room(std::uint16_t port, std::size_t members) {
        for (std::size_t i = 0; i < members; ++i) {
            auto& c = *clients_.emplace_back(std::make_unique<raw_client>(port));
            c.send("here\n");
            c.read_through("here\n");
        }
        std::this_thread::sleep_for(300ms);
    }
    void talk(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            clients_.front()->send("what everybody hears\n");
            for (auto& c : clients_) c->read_through("what everybody hears\n");
        }
    }

  private:
    std::vector<std::unique_ptr<raw_client>> clients_;
};

template <class Server, class Room>
std::uint64_t allocations_of(Server& server, std::size_t members) {
    Room room(server.port(), members);
    room.talk(50);  // until every list is as long as it gets
    const auto before = allocations.load();
    room.talk(messages);
    return allocations.load() - before;
}

template <class Server, class Room>
void expect_none_per_delivery(Server& server) {
    not_counted = true;  // this thread is the clients
    server.start();
    allocations_of<Server, Room>(server, many);
    const auto small = allocations_of<Server, Room>(server, few);
    const auto large = allocations_of<Server, Room>(server, many);
    server.stop();
    not_counted = false;
    std::printf("%.1f allocations a message to %zu members, %.1f to %zu\n",
                static_cast<double>(small) / messages, few, static_cast<double>(large) / messages, many);
    // One a delivery would be 50 a message. What remains is chance: a timer, a list that grows once more.
    EXPECT_LT(large, small + messages / 2);
    EXPECT_GT(small, 0u) << "nothing was counted";
}

TEST(allocations, a_delivery_to_a_websocket_takes_none) {
    const temporary_folder data;
    apps::app_options options;
    options.port = 0;
    options.data = data.path();
    options.store = "memory";
    options.threads = 1;
    options.rate_limit = false;
    options.log_level = "off";
    apps::chat_app server(options);
    expect_none_per_delivery<apps::chat_app, web_room>(server);
}

TEST(allocations, a_delivery_to_a_line_client_takes_none) {
    apps::line_server_options options;
    options.port = 0;
    options.rate_limit = false;
    options.log_level = "off";
    apps::line_server server(options);
    expect_none_per_delivery<apps::line_server, line_room>(server);
}

}  // namespace
}  // namespace chatterlink::test
