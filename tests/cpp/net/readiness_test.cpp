// One contract for every adapter.
#include "net/readiness.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace chatterlink::net {
namespace {

using maker = std::unique_ptr<readiness> (*)(boost::asio::io_context&);

struct adapter {
    const char* name;
    maker make;
};

class hook final : public ready_hook {
  public:
    void on_ready(ready what) override {
        all.input |= what.input;
        all.output |= what.output;
        all.ended |= what.ended;
        ++told;
        if (then) then();
    }
    ready all{};
    int told = 0;
    std::function<void()> then;
};

// Two ends of a stream socket that do not block.
struct pair_of_sockets {
    pair_of_sockets() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    }
    ~pair_of_sockets() {
        for (const int each : ends) {
            if (each >= 0) ::close(each);
        }
    }
    void say(std::string_view what) {
        EXPECT_EQ(::write(ends[1], what.data(), what.size()), static_cast<ssize_t>(what.size()));
    }
    std::string take() {
        std::array<char, 4096> room;
        const auto n = ::read(ends[0], room.data(), room.size());
        return n > 0 ? std::string(room.data(), static_cast<std::size_t>(n)) : std::string();
    }
    // Until the other end's buffer is full.
    void fill() {
        const std::string much(64 * 1024, 'x');
        while (::write(ends[0], much.data(), much.size()) > 0) {
        }
    }
    void drain() {
        std::array<char, 64 * 1024> room;
        while (::read(ends[1], room.data(), room.size()) > 0) {
        }
    }
    int mine() const { return ends[0]; }

    std::array<int, 2> ends{};
};

// A pair, one end of which is entered for as long as this lives.
struct entered : pair_of_sockets {
    explicit entered(readiness& where) : inputs(where) { EXPECT_TRUE(inputs.add(mine(), h)); }
    ~entered() { inputs.remove(mine(), h); }
    entered(const entered&) = delete;
    entered& operator=(const entered&) = delete;

    readiness& inputs;
    hook h;
};

class net_readiness : public testing::TestWithParam<adapter> {
  protected:
    // As a shard's round, without waiting.
    void look() {
        for (int n = 0; n < 4; ++n) {
            inputs->arm();
            context.poll();
            context.restart();
            if (inputs->look()) inputs->serve(enough);
        }
    }
    // As a shard that waits.
    void wait() {
        inputs->arm();
        context.run_one_for(std::chrono::seconds(10));
        context.restart();
        if (inputs->look()) inputs->serve(enough);
    }

    bool enough = false;
    boost::asio::io_context context{1};
    std::unique_ptr<readiness> inputs = GetParam().make(context);
    const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
};

TEST_P(net_readiness, tells_of_what_arrives_and_of_nothing_before) {
    entered s(*inputs);
    look();
    EXPECT_FALSE(s.h.all.input);
    s.say("one");
    look();
    EXPECT_TRUE(s.h.all.input);
    EXPECT_FALSE(s.h.all.ended);
    EXPECT_EQ(s.take(), "one");
}

TEST_P(net_readiness, tells_of_what_was_there_before_it_was_entered) {
    pair_of_sockets s;
    hook h;
    s.say("early");
    ASSERT_TRUE(inputs->add(s.mine(), h));
    look();
    EXPECT_TRUE(h.all.input);
    inputs->remove(s.mine(), h);
}

TEST_P(net_readiness, tells_of_each_arrival_that_is_wanted) {
    entered s(*inputs);
    for (int n = 0; n < 5; ++n) {
        inputs->want_input(s.mine());
        s.h.all = {};
        s.say("more");
        look();
        EXPECT_TRUE(s.h.all.input) << n;
        EXPECT_EQ(s.take(), "more");
    }
}

TEST_P(net_readiness, is_quiet_about_what_it_has_told_already) {
    entered s(*inputs);
    s.say("unread");
    look();
    const int told = s.h.told;
    EXPECT_GT(told, 0);
    look();
    EXPECT_EQ(s.h.told, told);
}

TEST_P(net_readiness, the_end_of_the_peer_is_input) {
    entered s(*inputs);
    ::close(std::exchange(s.ends[1], -1));
    look();
    EXPECT_TRUE(s.h.all.input);
}

TEST_P(net_readiness, tells_of_room_to_write_when_asked) {
    entered s(*inputs);
    s.fill();
    inputs->want_output(s.mine(), s.h);
    look();
    EXPECT_FALSE(s.h.all.output);
    s.drain();
    look();
    EXPECT_TRUE(s.h.all.output);
}

TEST_P(net_readiness, tells_of_room_that_there_is_already) {
    entered s(*inputs);
    inputs->want_output(s.mine(), s.h);
    look();
    EXPECT_TRUE(s.h.all.output);
}

TEST_P(net_readiness, whoever_waits_is_woken) {
    entered s(*inputs);
    for (int n = 0; n < 3; ++n) {
        s.h.all = {};
        inputs->want_input(s.mine());
        look();
        s.say("wake up");
        wait();
        if (!s.h.all.input) wait();  // what ended the wait may have been the set itself
        EXPECT_TRUE(s.h.all.input) << n;
        EXPECT_EQ(s.take(), "wake up");
    }
}

TEST_P(net_readiness, nothing_is_told_after_it_was_removed) {
    pair_of_sockets s;
    hook h;
    ASSERT_TRUE(inputs->add(s.mine(), h));
    s.say("too late");
    inputs->remove(s.mine(), h);
    look();
    EXPECT_EQ(h.told, 0);
    ASSERT_TRUE(inputs->add(s.mine(), h));  // and again, as on another shard
    look();
    EXPECT_TRUE(h.all.input);
    inputs->remove(s.mine(), h);
}

TEST_P(net_readiness, who_is_ready_too_may_be_removed_meanwhile) {
    std::vector<pair_of_sockets> sockets(10);
    std::vector<std::unique_ptr<hook>> hooks;
    int told = 0;
    for (auto& each : sockets) {
        hooks.push_back(std::make_unique<hook>());
        ASSERT_TRUE(inputs->add(each.mine(), *hooks.back()));
        each.say("all at once");
    }
    for (auto& each : hooks) {
        // The first that is told removes all and ends the others.
        each->then = [&, me = each.get()] {
            if (++told > 1) return;
            for (std::size_t i = 0; i < sockets.size(); ++i) {
                inputs->remove(sockets[i].mine(), *hooks[i]);
                if (hooks[i].get() != me) hooks[i].reset();
            }
        };
    }
    look();
    EXPECT_EQ(told, 1);
}

TEST_P(net_readiness, more_than_one_look_holds_are_all_told) {
    std::list<entered> sockets;
    for (int n = 0; n < 150; ++n) sockets.emplace_back(*inputs).say("x");
    look();
    for (const auto& each : sockets) EXPECT_TRUE(each.h.all.input);
    EXPECT_FALSE(inputs->pending());
}

TEST_P(net_readiness, an_exception_costs_the_others_nothing) {
    std::list<entered> sockets;
    for (int n = 0; n < 5; ++n) {
        sockets.emplace_back(*inputs).say("x");
        sockets.back().h.then = [] { throw std::runtime_error("mine alone"); };
    }
    int thrown = 0;
    for (int n = 0; n < 50; ++n) {
        try {
            look();
        } catch (const std::runtime_error&) {
            ++thrown;
            context.restart();
        }
    }
    EXPECT_EQ(thrown, 5);
    for (const auto& each : sockets) EXPECT_TRUE(each.h.all.input);
}

TEST_P(net_readiness, what_is_no_descriptor_is_refused) {
    hook h;
    EXPECT_FALSE(inputs->add(-1, h));
}

TEST_P(net_readiness, may_go_with_sockets_entered) {
    pair_of_sockets s;
    hook h;
    ASSERT_TRUE(inputs->add(s.mine(), h));
    s.say("x");
    inputs->arm();
    inputs.reset();
    context.poll();
    EXPECT_EQ(h.told, 0);
    EXPECT_EQ(s.take(), "x");  // it is ours still
}

INSTANTIATE_TEST_SUITE_P(net, net_readiness,
                         testing::Values(adapter{"native", &readiness::make},
                                         adapter{"portable", &readiness::make_portable}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace chatterlink::net
