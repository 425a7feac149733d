#include "apps/client_link.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "apps/tiny_line_server.hpp"

namespace {

using namespace chatterlink;
using namespace std::chrono_literals;
using apps::client_link;
using apps::link_event;
using kind = link_event::kind;
using outcome = client_link::outcome;
using test::tiny_line_server;

apps::line_client_options to(std::uint16_t port, bool reconnect = true) {
    apps::line_client_options options;
    options.port = port;
    options.reconnect = reconnect;
    return options;
}

/// The next event; `failed` with the text "nothing came" after 5 s.
link_event next(client_link& link) {
    for (int i = 0; i < 100; ++i) {
        if (auto events = link.take(1); !events.empty()) return events.front();
        pollfd wait{link.wake_fd(), POLLIN, 0};
        ::poll(&wait, 1, 50);
    }
    return {kind::failed, "nothing came"};
}

TEST(ClientLink, ConnectsSaysAndHears) {
    tiny_line_server server;
    client_link link(to(server.port()));
    const auto first = next(link);
    EXPECT_EQ(first.what, kind::connected);
    EXPECT_FALSE(first.again);
    server.accept();
    EXPECT_EQ(link.say("a"), outcome::sent);
    server.write("b\n");
    const auto line = next(link);
    EXPECT_EQ(line.what, kind::line);
    EXPECT_EQ(line.text, "b");
    link.stop();
    EXPECT_EQ(server.read(2), "a\n");
    EXPECT_EQ(link.say_patiently("late"), outcome::full);
}

TEST(ClientLink, AFailedFirstAttemptIsTheEnd) {
    std::uint16_t port = 0;
    {
        tiny_line_server gone;
        port = gone.port();
    }
    client_link link(to(port));
    const auto first = next(link);
    EXPECT_EQ(first.what, kind::failed);
    EXPECT_NE(first.text.find("connection refused"), std::string::npos);
    EXPECT_EQ(link.say_patiently("x"), outcome::full) << "does not wait for what never comes";
}

TEST(ClientLink, WithoutReconnectTheServersLeavingIsTheEnd) {
    tiny_line_server server;
    client_link link(to(server.port(), false));
    EXPECT_EQ(next(link).what, kind::connected);
    server.accept();
    server.hang_up();
    EXPECT_EQ(next(link).what, kind::ended);
    EXPECT_EQ(link.say_patiently("x"), outcome::full);
}

TEST(ClientLink, KeepsAHundredLinesWhileAwayAndSaysThemInOrderWithNameAndRoomFirst) {
    tiny_line_server server;
    client_link link(to(server.port()));
    EXPECT_EQ(next(link).what, kind::connected);
    server.accept();
    EXPECT_EQ(link.say("/name Ann"), outcome::sent);
    EXPECT_EQ(link.say("/join tea"), outcome::sent);
    server.hang_up();
    EXPECT_EQ(next(link).what, kind::lost);
    std::string expected = "/name Ann\n/join tea\n";
    for (std::size_t i = 0; i < client_link::most_kept; ++i) {
        EXPECT_EQ(link.say("line " + std::to_string(i)), outcome::kept);
        expected += "line " + std::to_string(i) + "\n";
    }
    EXPECT_EQ(link.say("one more"), outcome::full);
    EXPECT_EQ(link.say(std::string(9000, 'x')), outcome::too_long);
    EXPECT_EQ(link.kept(), client_link::most_kept);
    server.accept();
    EXPECT_EQ(server.read(expected.size()), expected);
    const auto again = next(link);
    EXPECT_EQ(again.what, kind::connected);
    EXPECT_TRUE(again.again);
    EXPECT_EQ(again.kept, client_link::most_kept);
    for (std::size_t i = 0; i < client_link::most_kept; ++i) {
        const auto said = next(link);
        EXPECT_EQ(said.what, kind::said);
        EXPECT_EQ(said.text, "line " + std::to_string(i));
    }
    EXPECT_EQ(link.kept(), 0U);
}

TEST(ClientLink, APatientLineWaitsForRoom) {
    tiny_line_server server;
    client_link link(to(server.port()));
    EXPECT_EQ(next(link).what, kind::connected);
    server.accept();
    server.hang_up();
    EXPECT_EQ(next(link).what, kind::lost);
    for (std::size_t i = 0; i < client_link::most_kept; ++i)
        ASSERT_EQ(link.say_patiently("x"), outcome::kept);
    std::thread patient([&] { EXPECT_EQ(link.say_patiently("last"), outcome::sent); });
    server.accept();
    const std::size_t size = client_link::most_kept * 2 + 5;
    EXPECT_TRUE(server.read(size).ends_with("\nlast\n"));
    patient.join();
}

TEST(ClientLink, StopFreesAPatientLine) {
    tiny_line_server server;
    client_link link(to(server.port()));
    EXPECT_EQ(next(link).what, kind::connected);
    server.accept();
    server.hang_up();
    server.close_listener();
    EXPECT_EQ(next(link).what, kind::lost);
    for (std::size_t i = 0; i < client_link::most_kept; ++i)
        ASSERT_EQ(link.say_patiently("x"), outcome::kept);
    std::thread patient([&] { EXPECT_EQ(link.say_patiently("never"), outcome::full); });
    std::this_thread::sleep_for(50ms);
    link.stop();
    patient.join();
}

TEST(ClientLink, StoppingAtAnyMomentIsQuick) {
    tiny_line_server server;
    for (int i = 0; i < 30; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        {
            client_link link(to(server.port()));
            std::this_thread::sleep_for(std::chrono::microseconds(i * 50));
            server.accept();
            server.hang_up();
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    }
}

}  // namespace
