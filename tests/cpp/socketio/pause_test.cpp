// Back-pressure: a handler that cannot keep up has its client wait, whatever namespaces that is in.
#include <gtest/gtest.h>

#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;

// Answers with the event's name and notes it; "pause" pauses the socket as well.
class busy final : public socket_handler {
  public:
    busy(test::world& owner, socket& s) : owner_(owner), socket_(s) {}
    void on_event(const std::string& name, json, ack) override {
        if (name == "pause") socket_.pause();
        owner_.note(socket_.nsp() + " " + name);
        socket_.emit(name, json::array());
    }
    void on_disconnect(engineio::close_reason) override { owner_.note("end of " + socket_.nsp()); }

  private:
    test::world& owner_;
    socket& socket_;  // owns this
};

class socketio_pause : public testing::TestWithParam<base::shard_id> {
  protected:
    explicit socketio_pause(settings how = {}) : world_(GetParam(), how) {
        for (const auto* nsp : {"/", "/b", "/c"}) {
            io().on_connect(nsp, async_connect_handler([this](const socket_ptr& s, const handshake&,
                                                              const connect_decision& decide) {
                                decide.accept(std::make_unique<busy>(world_, *s));
                            }));
        }
    }
    server& io() { return world_.server(); }
    // Connects to a namespace besides "/"; its socket's id.
    static std::string enter(test::world::client& c, const std::string& nsp) {
        c.send("40" + nsp + ",");
        const auto answer = c.read();
        return json::parse(answer.substr(answer.find('{'))).at("sid");
    }
    void resume(const std::string& nsp, const std::string& sid) {
        io().with_socket(nsp, sid, [](socket* s) {
            if (s != nullptr) s->resume();
        });
    }

    test::world world_;
};

class socketio_pause_recovery : public socketio_pause {
  protected:
    socketio_pause_recovery() : socketio_pause(settings{.recovery = {.enabled = true}}) {}
};

INSTANTIATE_TEST_SUITE_P(shards, socketio_pause, testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });
INSTANTIATE_TEST_SUITE_P(shards, socketio_pause_recovery, testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(socketio_pause, what_was_sent_meanwhile_is_handled_afterwards_in_order) {
    auto c = world_.connect();
    c.send("42[\"pause\"]");
    for (int i = 0; i < 200; ++i) c.send("42[\"" + std::to_string(i) + "\"]");
    EXPECT_EQ(c.read(), "42[\"pause\"]");
    EXPECT_TRUE(c.wire.silent(80ms));
    resume("/", c.sid);
    resume("/", c.sid);  // once is enough
    for (int i = 0; i < 200; ++i) ASSERT_EQ(c.read(), "42[\"" + std::to_string(i) + "\"]");
}

TEST_P(socketio_pause, lasts_as_long_as_any_socket_of_the_client_is_paused) {
    auto c = world_.connect();
    auto other = world_.connect();
    const auto b = enter(c, "/b");
    // The second is paused before anything of the first can be unread.
    for (const auto& [nsp, sid] : {std::pair{std::string("/b"), b}, std::pair{std::string("/"), c.sid}})
        io().with_socket(nsp, sid, [](socket* s) { s->pause(); });
    io().emit_to("/", c.sid, "both are paused", json::array());
    c.read();
    c.send("42[\"first\"]");
    resume("/", c.sid);
    EXPECT_TRUE(c.wire.silent(80ms));
    other.send("42[\"served\"]");
    EXPECT_EQ(other.read(), "42[\"served\"]");
    resume("/b", b);
    EXPECT_EQ(c.read(), "42[\"first\"]");
}

TEST_P(socketio_pause, a_socket_that_ends_ends_its_own_only) {
    auto c = world_.connect();
    const auto b = enter(c, "/b");
    enter(c, "/c");
    c.send("42/b,[\"pause\"]");
    EXPECT_EQ(c.read(), "42/b,[\"pause\"]");
    c.send("42/c,[\"x\"]");
    EXPECT_TRUE(c.wire.silent(50ms));
    io().disconnect("/c", "");  // there is none
    io().disconnect("/b", b);
    EXPECT_EQ(c.read(), "41/b,");
    EXPECT_EQ(c.read(), "42/c,[\"x\"]");
    c.send("42[\"pause\"]");
    EXPECT_EQ(c.read(), "42[\"pause\"]");
    c.send("42/c,[\"y\"]");
    EXPECT_TRUE(c.wire.silent(50ms)) << "it can be paused again";
    resume("/b", b);
    EXPECT_TRUE(c.wire.silent(50ms)) << "who is gone resumes nothing";
    resume("/", c.sid);
    EXPECT_EQ(c.read(), "42/c,[\"y\"]");
}

TEST_P(socketio_pause, a_paused_client_can_be_sent_away) {
    auto c = world_.connect();
    enter(c, "/b");
    c.send("42[\"pause\"]");
    EXPECT_EQ(c.read(), "42[\"pause\"]");
    c.send("42[\"never handled\"]");
    io().disconnect("/", c.sid, true);
    EXPECT_TRUE(world_.noted("end of /"));
    EXPECT_TRUE(world_.noted("end of /b"));
    EXPECT_TRUE(c.wire.closed(8'000ms));
    EXPECT_EQ(world_.count("/ never handled"), 0u);
}

TEST_P(socketio_pause_recovery, a_client_that_comes_back_is_not_paused_and_can_be) {
    auto c = world_.connect();
    c.send("42[\"pause\"]");
    c.read();
    c.send("42[\"lost\"]");
    // The old connection is not read, so its end is not noticed: the new one takes the socket over, on
    // another shard if there are several.
    auto back = world_.connect({{"pid", c.pid}});
    ASSERT_EQ(back.sid, c.sid);
    while (back.read().find("pause") == std::string::npos) {
    }
    EXPECT_TRUE(world_.noted("end of /"));
    for (int round = 0; round < 2; ++round) {
        back.send("42[\"pause\"]");
        EXPECT_EQ(back.read().substr(0, 10), "42[\"pause\"");
        back.send("42[\"x\"]");
        EXPECT_TRUE(back.wire.silent(50ms));
        resume("/", c.sid);
        EXPECT_EQ(back.read().substr(0, 6), "42[\"x\"");
    }
    EXPECT_EQ(world_.count("/ lost"), 0u);
}

}  // namespace
}  // namespace chatterlink::socketio
