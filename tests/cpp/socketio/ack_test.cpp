// Answers that the server asks clients for: of one socket and of all that a broadcast reaches.
#include <gtest/gtest.h>

#include "socketio/support/world.hpp"

namespace chatterlink::socketio {
namespace {

using namespace std::chrono_literals;

// What an ack_callback heard, to wait for on the test's thread.
struct heard {
    std::promise<std::pair<ack_outcome, json>> promise{};
    std::future<std::pair<ack_outcome, json>> future = promise.get_future();
    ack_callback callback() {
        return [this](ack_outcome how, json arguments) { promise.set_value({how, std::move(arguments)}); };
    }
    std::pair<ack_outcome, json> get() {
        if (future.wait_for(20s) != std::future_status::ready) throw std::runtime_error("no outcome");
        return future.get();
    }
};

class socketio_acks : public testing::TestWithParam<base::shard_id> {
  protected:
    // The id that the packet asks an answer under.
    static std::string id_of(const std::string& packet) {
        const auto begin = packet.find_first_of("0123456789", 2);
        return packet.substr(begin, packet.find('[') - begin);
    }
    broadcast_answers ask_all(const target& to, base::milliseconds timeout,
                              const std::function<void()>& meanwhile) {
        std::promise<broadcast_answers> promise;
        auto future = promise.get_future();
        world_.server().emit(to, "q", {1}, {.timeout = timeout, .on_done = [&](broadcast_answers all) {
                                                promise.set_value(std::move(all));
                                            }});
        meanwhile();
        if (future.wait_for(20s) != std::future_status::ready) throw std::runtime_error("not done");
        return future.get();
    }
    test::world world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(shards, socketio_acks, testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param) + "_shards"; });

TEST_P(socketio_acks, a_client_answers_with_binaries_too) {
    auto c = world_.connect();
    heard h;
    world_.server().emit_to("/", c.sid, "question", {1}, {.on_ack = h.callback(), .timeout = 20s});
    const auto asked = c.read();
    EXPECT_EQ(asked, "42" + id_of(asked) + "[\"question\",1]");
    c.send("461-" + id_of(asked) + "[{\"_placeholder\":true,\"num\":0},2]");
    c.wire.ws_binary("bytes");
    const auto [how, arguments] = h.get();
    EXPECT_EQ(how, ack_outcome::answer);
    EXPECT_EQ(arguments, (json{json::binary({'b', 'y', 't', 'e', 's'}), 2}));
    c.send("43" + id_of(asked) + "[\"again\"]");
    EXPECT_TRUE(c.idle()) << "a second answer is ignored";
}

TEST_P(socketio_acks, without_an_answer_it_times_out_once) {
    auto c = world_.connect();
    heard h;
    world_.server().emit_to("/", c.sid, "question", json::array(), {.on_ack = h.callback(), .timeout = 50ms});
    const auto id = id_of(c.read());
    EXPECT_EQ(h.get().first, ack_outcome::timeout);
    c.send("43" + id + "[\"too late\"]");
    EXPECT_TRUE(c.idle());
}

TEST_P(socketio_acks, who_leaves_owes_no_answer) {
    for (const bool orderly : {true, false}) {
        auto c = world_.connect();
        heard h;
        world_.server().emit_to("/", c.sid, "question", json::array(), {.on_ack = h.callback()});
        c.read();
        if (orderly) c.send("41");
        c.wire.close();
        EXPECT_EQ(h.get().first, ack_outcome::disconnected);
    }
    for (const auto* nobody : {"nobody", "aaaaaaaaaaaaaaaaaaaa0000", "aaaaaaaaaaaaaaaaaaaaffff", ""}) {
        heard h;
        world_.server().emit_to("/", nobody, "question", json::array(), {.on_ack = h.callback()});
        EXPECT_EQ(h.get().first, ack_outcome::disconnected);
    }
}

TEST_P(socketio_acks, the_answers_to_a_broadcast_are_collected) {
    auto members = world_.crowd(4);
    const auto all = ask_all({}, 20s, [&] {
        for (std::size_t i = 0; i < members.size(); ++i)
            members[i].send("43" + id_of(members[i].read()) + "[" + std::to_string(i) + "]");
    });
    EXPECT_EQ(all.missing, 0u);
    ASSERT_EQ(all.answers.size(), 4u);
    for (const auto& each : all.answers) {
        const auto at = each.arguments[0].get<std::size_t>();
        EXPECT_EQ(each.sid, members[at].sid);
    }
}

TEST_P(socketio_acks, after_the_time_there_are_the_answers_so_far_and_how_many_are_missing) {
    auto members = world_.crowd(3);
    const auto all =
        ask_all({}, 300ms, [&] { members[1].send("43" + id_of(members[1].read()) + "[\"me\"]"); });
    ASSERT_EQ(all.answers.size(), 1u);
    EXPECT_EQ(all.answers[0].sid, members[1].sid);
    EXPECT_EQ(all.missing, 2u);
}

TEST_P(socketio_acks, who_leaves_during_a_broadcast_is_missing_and_holds_nobody_up) {
    auto members = world_.crowd(2);
    const auto all = ask_all({}, 0ms, [&] {
        members[0].send("43" + id_of(members[0].read()) + "[]");
        members[1].read();
        members[1].wire.close();
    });
    EXPECT_EQ(all.answers.size(), 1u);
    EXPECT_EQ(all.missing, 1u);
}

TEST_P(socketio_acks, a_broadcast_to_nobody_is_done_at_once) {
    const auto all = ask_all({.rooms = {"empty"}}, 0ms, [] {});
    EXPECT_TRUE(all.answers.empty());
    EXPECT_EQ(all.missing, 0u);
}

TEST_P(socketio_acks, each_answer_to_a_broadcast_may_be_heard_as_it_comes) {
    auto members = world_.crowd(2);
    std::promise<std::string> first;
    auto heard_first = first.get_future();
    world_.server().emit({}, "q", json::array(),
                         {.on_answer = [&](const std::string& sid, const json& arguments) {
                             if (arguments == json{"one"}) first.set_value(sid);
                         }});
    members[1].send("43" + id_of(members[1].read()) + "[\"one\"]");
    EXPECT_EQ(heard_first.get(), members[1].sid);
}

TEST(socketio_ack_bounds, of_too_many_awaited_answers_the_oldest_counts_as_timed_out) {
    test::world world(1, {.max_pending_acks = 2});
    auto c = world.connect();
    heard h[3];
    for (auto& each : h) world.server().emit_to("/", c.sid, "q", json::array(), {.on_ack = each.callback()});
    EXPECT_EQ(h[0].get().first, ack_outcome::timeout);
    c.wire.close();
    EXPECT_EQ(h[1].get().first, ack_outcome::disconnected);
    EXPECT_EQ(h[2].get().first, ack_outcome::disconnected);
}

TEST(socketio_ack_threads, an_event_may_be_answered_by_another_thread_once) {
    test::world world(2);
    std::vector<std::thread> threads;
    std::mutex lock;
    struct answers_elsewhere final : socket_handler {
        answers_elsewhere(std::vector<std::thread>& all, std::mutex& l) : threads(all), lock(l) {}
        void on_event(const std::string&, json arguments, ack answer) override {
            const std::lock_guard guard(lock);
            for (int i = 0; i < 2; ++i) threads.emplace_back([answer, arguments] { answer(arguments); });
        }
        void on_disconnect(engineio::close_reason) override {}
        std::vector<std::thread>& threads;
        std::mutex& lock;
    };
    world.server().on_connect("/elsewhere",
                              [&](socket_ptr, const handshake&, const connect_decision& decide) {
                                  decide.accept(std::make_unique<answers_elsewhere>(threads, lock));
                              });
    auto c = world.open();
    c.send("40/elsewhere,");
    c.read();
    c.send("42/elsewhere,5[\"x\",\"y\"]");
    EXPECT_EQ(c.read(), "43/elsewhere,5[\"y\"]");
    c.send("40");
    EXPECT_EQ(c.read().substr(0, 3), "40{") << "one answer, not two";
    for (auto& each : threads) each.join();
}

// Answers with JSON that is text already, twice; the first counts.
struct answers_text final : socket_handler {
    void on_event(const std::string&, json, ack answer) override {
        answer.text(R"({"é":[1,"x"]})");
        answer.text("2");
        answer(json::array({3}));
    }
    void on_disconnect(engineio::close_reason) override {}
};

TEST(socketio_ack_text, json_that_is_text_already_goes_out_as_it_is_once) {
    test::world world(1);
    world.server().on_connect("/text", [](socket_ptr, const handshake&, const connect_decision& decide) {
        decide.accept(std::make_unique<answers_text>());
    });
    auto c = world.open();
    c.send("40/text,");
    c.read();
    c.send("42/text,5[\"x\"]");
    EXPECT_EQ(c.read(), R"(43/text,5[{"é":[1,"x"]}])");
    c.send("42/text,[\"asks for no answer\"]");
    c.send("42/text,6[\"x\"]");
    EXPECT_EQ(c.read(), R"(43/text,6[{"é":[1,"x"]}])");
    ack{}.text("1");  // nobody asked: nothing happens
}

TEST(socketio_ack_text, reaches_a_msgpack_client_as_values) {
    test::world world(1, {.wire = parser::msgpack});
    world.server().on_connect("/text", [](socket_ptr, const handshake&, const connect_decision& decide) {
        decide.accept(std::make_unique<answers_text>());
    });
    auto c = world.open();
    const auto send = [&](const json& packet) {
        const auto bytes = json::to_msgpack(packet);
        c.wire.ws_binary(std::string(bytes.begin(), bytes.end()));
    };
    send({{"type", 0}, {"nsp", "/text"}});
    c.wire.ws_read();
    send({{"type", 2}, {"nsp", "/text"}, {"id", 7}, {"data", {"x"}}});
    EXPECT_EQ(base::parse_msgpack(c.wire.ws_read().payload).value(),
              (json{{"type", 3}, {"nsp", "/text"}, {"id", 7}, {"data", {{{"é", {1, "x"}}}}}}));
}

}  // namespace
}  // namespace chatterlink::socketio
