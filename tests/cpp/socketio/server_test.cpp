// Socket.IO over real sockets: what a client says on a WebSocket (and by polling), what comes back, what ends
// what.
#include "socketio/server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "hub/hub.hpp"
#include "net/http_server.hpp"
#include "net/support/loopback.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;
using accepted = boost::system::result<std::unique_ptr<socket_handler>, json>;

constexpr unsigned binary_opcode = 0x2;
constexpr unsigned close_opcode = 0x8;

// Namespaces: "/" and "/admin" (wants {"token":"123"}). Events: "echo" answers and emits back, "binary" gives
// bytes, "throw" throws, "leave" disconnects, "join" subscribes to a topic, "tell" publishes to it.
class socketio_server : public testing::Test {
  protected:
    class handler final : public socket_handler {
      public:
        handler(socketio_server& t, std::shared_ptr<socket> s) : test_(t), socket_(std::move(s)) {}

        void on_event(const std::string& name, json arguments, ack answer) override {
            if (name == "echo") {
                if (answer)
                    answer(arguments);
                else
                    socket_->emit("echo", std::move(arguments));
            } else if (name == "binary") {
                answer({json::binary({1, 2, 3, 4}), "and text"});
            } else if (name == "throw") {
                throw std::runtime_error("expected in this test");
            } else if (name == "leave") {
                socket_->disconnect();
                note("left " + socket_->nsp());  // this object still lives, whatever disconnect() did
                answer(json::array());
                socket_->emit("late", json::array());
            } else if (name == "join") {
                place_ = test_.rooms->subscribe("room", *socket_);
                answer(json::array());
            } else if (name == "tell") {
                auto f = std::make_shared<hub::frame>();
                f->in(hub::encoding::socketio) =
                    encode_event_frame(socket_->nsp(), "told", base::dump_json(arguments.at(0)));
                test_.rooms->publish("room", std::move(f));
            } else {
                note("event " + name + " " + base::dump_json(arguments));
            }
        }
        void on_disconnect(engineio::close_reason why) override {
            place_.reset();
            note("end " + socket_->nsp() + " " + std::string(engineio::close_reason_name(why)));
        }

      private:
        void note(std::string what) {
            const std::lock_guard guard(test_.lock);
            test_.notes.push_back(std::move(what));
        }
        socketio_server& test_;
        std::shared_ptr<socket> socket_;
        std::unique_ptr<hub::subscription> place_;
    };

    void start(settings how = {}, base::shard_id shards = 1) {
        base::init_random();
        loopback.emplace(shards, [this](std::shared_ptr<net::connection> c) { http->serve(std::move(c)); });
        rooms.emplace(loopback->threads);
        server.emplace(loopback->threads, engineio::settings{}, engineio::origin_policy{}, how);
        server->on_connect("/", [this](std::shared_ptr<socket> s, const handshake& h) -> accepted {
            EXPECT_EQ(h.remote, "127.0.0.1");
            return std::make_unique<handler>(*this, std::move(s));
        });
        server->on_connect("/admin", [this](std::shared_ptr<socket> s, const handshake& h) -> accepted {
            if (h.auth.is_object() && h.auth.value("token", "") == "123")
                return std::make_unique<handler>(*this, std::move(s));
            return json{{"message", "Not authorized"}, {"data", {{"hint", "a token"}}}};
        });
        server->on_connect("/broken", [](std::shared_ptr<socket>, const handshake&) -> accepted {
            throw std::runtime_error("expected in this test");
        });
        http.emplace(*server);
    }
    void TearDown() override {
        if (loopback) loopback->stop();
    }

    // A client with an Engine.IO session on a WebSocket, not yet in a namespace.
    test::raw_client open() {
        auto client = loopback->connect();
        EXPECT_EQ(client.upgrade("/socket.io/?EIO=4&transport=websocket").status, 101u);
        EXPECT_EQ(client.ws_read_text().substr(0, 1), "0");
        return client;
    }
    static std::string join(test::raw_client& client, const std::string& packet = "40") {
        client.ws_text(packet);
        return client.ws_read_text();
    }
    test::raw_client connect() {
        auto client = open();
        EXPECT_EQ(join(client).substr(0, 2), "40");
        return client;
    }
    static void expect_parse_error(test::raw_client& client, const std::string& sent) {
        const auto m = client.ws_read();
        EXPECT_EQ(m.opcode, close_opcode) << sent << " was answered with " << m.payload;
        client.send(test::raw_client::client_frame(close_opcode, m.payload));  // or the server waits for it
        EXPECT_TRUE(client.closed()) << sent;
    }
    bool noted(const std::string& what) {
        return test::eventually([&] {
            const std::lock_guard guard(lock);
            return std::find(notes.begin(), notes.end(), what) != notes.end();
        });
    }

    std::mutex lock;
    std::vector<std::string> notes;
    std::optional<test::loopback> loopback;
    std::optional<hub::hub> rooms;
    std::optional<socketio::server> server;
    std::optional<net::http_server> http;
};

// ---- Connecting ----

TEST_F(socketio_server, a_connect_is_answered_with_a_socket_id) {
    start();
    auto client = open();
    const auto answer = join(client);
    ASSERT_EQ(answer.substr(0, 2), "40");
    const auto sid = json::parse(answer.substr(2)).at("sid").get<std::string>();
    EXPECT_GE(sid.size(), 20u);
    auto other = open();
    EXPECT_NE(join(other), answer) << "an id of its own for each socket";
}

TEST_F(socketio_server, a_refused_connect_gets_the_reason_with_its_data_and_may_try_again) {
    start();
    auto client = open();
    EXPECT_EQ(join(client, "40/admin,"),
              R"(44/admin,{"data":{"hint":"a token"},"message":"Not authorized"})");
    EXPECT_EQ(join(client, R"(40/admin,{"token":"wrong"})").substr(0, 9), "44/admin,");
    EXPECT_EQ(join(client, R"(40/admin,{"token":"123"})").substr(0, 16), R"(40/admin,{"sid":)");
}

TEST_F(socketio_server, an_unknown_namespace_is_refused_and_the_connection_goes_on) {
    start();
    auto client = open();
    for (const auto* nsp : {"/nowhere", "/__proto__", "/constructor", "/Admin", "/admin/"})
        EXPECT_EQ(join(client, "40" + std::string(nsp) + ","),
                  "44" + std::string(nsp) + ",{\"message\":\"Invalid namespace\"}");
    EXPECT_EQ(join(client).substr(0, 2), "40");
}

TEST_F(socketio_server, a_namespace_may_carry_a_query) {
    start();
    auto client = open();
    EXPECT_EQ(join(client, R"(40/admin?x=1,{"token":"123"})").substr(0, 16), R"(40/admin,{"sid":)");
}

TEST_F(socketio_server, without_a_connect_the_connection_is_closed_in_time) {
    start({.connect_timeout = 400ms});
    auto silent = open();
    EXPECT_EQ(silent.ws_read().opcode, close_opcode);
    auto refused = open();  // a refused connect does not count
    EXPECT_EQ(join(refused, "40/nowhere,").substr(0, 2), "44");
    EXPECT_EQ(refused.ws_read().opcode, close_opcode);
    auto connected = connect();
    EXPECT_TRUE(connected.silent(600ms));
    connected.ws_text("421[\"echo\",1]");
    EXPECT_EQ(connected.ws_read_text(), "431[1]");
}

TEST_F(socketio_server, anything_before_the_connect_closes_the_connection) {
    start();
    for (const auto* sent : {"42[\"echo\"]", "431[]", "41", "42/admin,[\"echo\"]", "44{\"message\":\"x\"}"}) {
        auto client = open();
        client.ws_text(sent);
        expect_parse_error(client, sent);
    }
}

TEST_F(socketio_server, a_second_connect_to_the_same_namespace_closes_the_connection) {
    start();
    auto client = connect();
    client.ws_text("40");
    expect_parse_error(client, "40");
    EXPECT_TRUE(noted("end / parse error"));
}

TEST_F(socketio_server, a_connect_handler_that_throws_refuses_its_own_client_only) {
    start();
    auto bystander = connect();
    auto client = open();
    EXPECT_EQ(join(client, "40/broken,"), R"(44/broken,{"message":"Internal server error"})");
    bystander.ws_text("421[\"echo\",1]");
    EXPECT_EQ(bystander.ws_read_text(), "431[1]");
}

// ---- Events ----

TEST_F(socketio_server, events_reach_the_handler_with_their_arguments) {
    start();
    auto client = connect();
    client.ws_text("42[\"hello\",1,\"2\",{\"3\":[true,null]}]");
    EXPECT_TRUE(noted("event hello [1,\"2\",{\"3\":[true,null]}]"));
    client.ws_text("42[\"nothing\"]");
    EXPECT_TRUE(noted("event nothing []"));
    for (const auto* name : {"error", "__proto__", "constructor", "toString", ""}) {
        client.ws_text("42[\"" + std::string(name) + "\"]");
        EXPECT_TRUE(noted("event " + std::string(name) + " []"));
    }
}

TEST_F(socketio_server, an_event_that_asks_for_it_is_answered_under_its_id) {
    start();
    auto client = connect();
    client.ws_text("420[\"echo\",\"a\"]");
    EXPECT_EQ(client.ws_read_text(), "430[\"a\"]");
    client.ws_text("4218446744073709551615[\"echo\",\"b\",{\"c\":1}]");
    EXPECT_EQ(client.ws_read_text(), "4318446744073709551615[\"b\",{\"c\":1}]");
    client.ws_text("42[\"echo\",\"nobody asked\"]");
    EXPECT_EQ(client.ws_read_text(), "42[\"echo\",\"nobody asked\"]");
}

TEST_F(socketio_server, binary_data_comes_in_and_goes_out_as_frames_of_its_own) {
    start();
    auto client = connect();
    client.ws_text(
        "452-7[\"echo\",{\"_placeholder\":true,\"num\":0},{\"x\":{\"_placeholder\":true,\"num\":1}}]");
    client.ws_binary("first");
    client.ws_binary("second");
    EXPECT_EQ(client.ws_read_text(),
              "462-7[{\"_placeholder\":true,\"num\":0},{\"x\":{\"_placeholder\":true,\"num\":1}}]");
    EXPECT_EQ(client.ws_read().payload, "first");
    const auto second = client.ws_read();
    EXPECT_EQ(second.opcode, binary_opcode);
    EXPECT_EQ(second.payload, "second");
    client.ws_text("428[\"binary\"]");
    EXPECT_EQ(client.ws_read_text(), "461-8[{\"_placeholder\":true,\"num\":0},\"and text\"]");
    EXPECT_EQ(client.ws_read().payload, "\x01\x02\x03\x04");
}

TEST_F(socketio_server, malformed_packets_close_the_connection_and_no_other) {
    start();
    auto bystander = connect();
    for (const auto* sent : {"4", "49", "42", "42[]", "42{}", "42[[]]", "42[\"x\"", "451-", "450-[]",
                             "4511-[]", "45999999999-[]", "42[\"x\",1e400]", "44{}", "42/nowhere,[\"x\"]"}) {
        auto client = connect();
        client.ws_text(sent);
        expect_parse_error(client, sent);
    }
    auto deep = connect();
    deep.ws_text("42" + std::string(100'000, '['));
    expect_parse_error(deep, "brackets");
    bystander.ws_text("421[\"echo\",1]");
    EXPECT_EQ(bystander.ws_read_text(), "431[1]");
}

TEST_F(socketio_server, text_instead_of_an_awaited_attachment_closes_the_connection) {
    start();
    auto client = connect();
    client.ws_text("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    client.ws_text("42[\"echo\"]");
    expect_parse_error(client, "text");
    auto surprised = connect();
    surprised.ws_binary("not announced");
    expect_parse_error(surprised, "binary");
}

TEST_F(socketio_server, attachments_that_do_not_come_close_the_connection_in_time) {
    start({.attachment_timeout = 300ms});
    auto client = connect();
    client.ws_text("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    EXPECT_EQ(client.ws_read().opcode, close_opcode);
    auto punctual = connect();
    punctual.ws_text("451-1[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    punctual.ws_binary("x");
    EXPECT_EQ(punctual.ws_read_text().substr(0, 3), "461");
    EXPECT_EQ(punctual.ws_read().payload, "x");
    EXPECT_TRUE(punctual.silent(450ms)) << "whole packets have no deadline";
}

TEST_F(socketio_server, a_handler_that_throws_ends_neither_socket_nor_connection) {  // CVE-2024-38355
    start();
    auto client = connect();
    client.ws_text("421[\"throw\"]");
    client.ws_text("42[\"error\"]");
    client.ws_text("422[\"echo\",\"still here\"]");
    EXPECT_EQ(client.ws_read_text(), "432[\"still here\"]");
}

TEST_F(socketio_server, an_answer_to_an_event_never_sent_is_ignored) {
    start();
    auto client = connect();
    client.ws_text("43999[\"what\"]");
    client.ws_text("421[\"echo\",1]");
    EXPECT_EQ(client.ws_read_text(), "431[1]");
}

// ---- Namespaces and the end ----

TEST_F(socketio_server, several_namespaces_share_a_connection_and_end_on_their_own) {
    start();
    auto client = connect();
    EXPECT_EQ(join(client, R"(40/admin,{"token":"123"})").substr(0, 9), "40/admin,");
    client.ws_text("42/admin,5[\"echo\",\"a\"]");
    EXPECT_EQ(client.ws_read_text(), "43/admin,5[\"a\"]");
    client.ws_text("425[\"echo\",\"b\"]");
    EXPECT_EQ(client.ws_read_text(), "435[\"b\"]");
    client.ws_text("41/admin,");
    EXPECT_TRUE(noted("end /admin client disconnect"));
    client.ws_text("426[\"echo\",\"c\"]");
    EXPECT_EQ(client.ws_read_text(), "436[\"c\"]");
    EXPECT_EQ(join(client, R"(40/admin,{"token":"123"})").substr(0, 9), "40/admin,") << "and may come back";
    client.close();
    EXPECT_TRUE(noted("end / transport close"));
    EXPECT_TRUE(noted("end /admin transport close"));
}

TEST_F(socketio_server, a_server_may_end_a_socket_from_inside_its_event) {
    start();
    auto client = connect();
    EXPECT_EQ(join(client, R"(40/admin,{"token":"123"})").substr(0, 9), "40/admin,");
    client.ws_text("42/admin,1[\"leave\"]");
    EXPECT_EQ(client.ws_read_text(), "41/admin,");
    EXPECT_TRUE(noted("end /admin server disconnect"));
    EXPECT_TRUE(noted("left /admin"));
    client.ws_text("422[\"echo\",\"the other namespace goes on\"]");
    EXPECT_EQ(client.ws_read_text(), "432[\"the other namespace goes on\"]")
        << "nothing went out after the end";
}

TEST_F(socketio_server, closing_all_tells_every_socket) {
    start();
    auto client = connect();
    loopback->on_shard(0, [&] { server->close_all(); });
    EXPECT_EQ(client.ws_read().opcode, close_opcode);
    EXPECT_TRUE(noted("end / server disconnect"));
}

// ---- Rooms ----

TEST_F(socketio_server, a_broadcast_reaches_the_members_of_a_room_on_every_shard) {
    start({}, 2);
    std::vector<test::raw_client> members;
    for (int i = 0; i < 6; ++i) {
        members.push_back(connect());
        members.back().ws_text("421[\"join\"]");
        EXPECT_EQ(members.back().ws_read_text(), "431[]");
    }
    auto stranger = connect();
    stranger.ws_text("42[\"tell\",{\"text\":\"hello\"}]");
    for (auto& each : members) EXPECT_EQ(each.ws_read_text(), "42[\"told\",{\"text\":\"hello\"}]");
    EXPECT_TRUE(stranger.silent(30ms));
    members.pop_back();
    members[0].ws_text("42[\"tell\",2]");
    for (auto& each : members) EXPECT_EQ(each.ws_read_text(), "42[\"told\",2]");
}

TEST(socketio_frame, an_event_frame_is_a_whole_websocket_frame_with_both_digits) {
    EXPECT_EQ(encode_event_frame("/", "x", R"({"a":1})")->view(),
              "\x81\x0f"
              "42[\"x\",{\"a\":1}]");
    EXPECT_EQ(encode_event_frame("/admin", "a\"b", "null")->view(),
              "\x81\x16"
              "42/admin,[\"a\\\"b\",null]");
}

// ---- Polling ----

TEST_F(socketio_server, speaks_the_same_by_polling) {
    start();
    auto client = loopback->connect();
    const auto open = client.get("/socket.io/?EIO=4&transport=polling").body;
    const auto path =
        "/socket.io/?EIO=4&transport=polling&sid=" + json::parse(open.substr(1)).at("sid").get<std::string>();
    EXPECT_EQ(client.post(path, "40").body, "ok");
    EXPECT_EQ(client.get(path).body.substr(0, 2), "40");
    EXPECT_EQ(client
                  .post(path,
                        "421[\"echo\",1]\x1e"
                        "422[\"binary\"]")
                  .body,
              "ok");
    EXPECT_EQ(client.get(path).body,
              "431[1]\x1e"
              "461-2[{\"_placeholder\":true,\"num\":0},\"and text\"]\x1e"
              "bAQIDBA==");
    EXPECT_EQ(client
                  .post(path,
                        "42[\"throw\"]\x1e"
                        "423[\"echo\"]")
                  .body,
              "ok");
    EXPECT_EQ(client.get(path).body, "433[]");
    EXPECT_EQ(client
                  .post(path,
                        "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1e"
                        "42[\"x\"]")
                  .status,
              200u);
    EXPECT_TRUE(noted("end / parse error"));
    EXPECT_EQ(client.get(path).status, 400u);
}

}  // namespace
}  // namespace chatterlink::socketio
