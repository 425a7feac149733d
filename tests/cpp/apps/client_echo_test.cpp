#include "apps/client_echo.hpp"

#include <gtest/gtest.h>

namespace {

using chatterlink::apps::client_echo;
using chatterlink::base::milliseconds;
using chatterlink::base::steady_time;

constexpr steady_time at(int ms) {
    return steady_time{} + milliseconds(ms);
}

TEST(ClientEcho, SwallowsExactlyOneIdenticalLine) {
    client_echo echo;
    echo.said("hi", at(0));
    EXPECT_FALSE(echo.swallow("ho", at(1)));
    EXPECT_TRUE(echo.swallow("hi", at(2)));
    EXPECT_FALSE(echo.swallow("hi", at(3)));
}

TEST(ClientEcho, KnowsItsLinesInOrderAndAmongOthers) {
    client_echo echo;
    for (const char* line : {"a", "a", "b"}) echo.said(line, at(0));
    EXPECT_TRUE(echo.swallow("a", at(1)));
    EXPECT_FALSE(echo.swallow("x", at(1)));
    EXPECT_TRUE(echo.swallow("a", at(1)));
    EXPECT_FALSE(echo.swallow("a", at(1)));
    EXPECT_TRUE(echo.swallow("b", at(1)));
}

TEST(ClientEcho, ALaterEchoMeansTheEarlierLinesWereNotPassedOn) {
    client_echo echo;
    echo.said("lost", at(0));
    echo.said("b", at(0));
    EXPECT_TRUE(echo.swallow("b", at(1)));
    EXPECT_FALSE(echo.swallow("lost", at(2)));
}

TEST(ClientEcho, ARefusedLineIsNotAwaited) {
    client_echo echo;
    echo.said("no", at(0));
    EXPECT_FALSE(echo.swallow("! too fast", at(1)));
    EXPECT_FALSE(echo.swallow("no", at(2))) << "somebody else's";
}

TEST(ClientEcho, CommandsAreNotAwaitedAndADoubledSlashComesBackAsOne) {
    client_echo echo;
    echo.said("/who", at(0));
    EXPECT_FALSE(echo.swallow("/who", at(1)));
    echo.said("//who", at(2));
    EXPECT_TRUE(echo.swallow("/who", at(3)));
}

TEST(ClientEcho, AServerThatStaysSilentIsBelievedUntilTheNextConnection) {
    client_echo echo;
    echo.said("hi", at(0));
    EXPECT_FALSE(echo.swallow("other", at(4999)));
    EXPECT_FALSE(echo.swallow("hi", at(5000))) << "the window is over";
    echo.said("hi", at(6000));
    EXPECT_FALSE(echo.swallow("hi", at(6001)));
    echo.reset();
    echo.said("hi", at(7000));
    EXPECT_TRUE(echo.swallow("hi", at(7001)));
}

TEST(ClientEcho, AServerThatEchoedOnceMayBeLateAnotherTime) {
    client_echo echo;
    echo.said("a", at(0));
    EXPECT_TRUE(echo.swallow("a", at(1)));
    echo.said("b", at(2));
    EXPECT_FALSE(echo.swallow("b", at(6000)));
    echo.said("c", at(6001));
    EXPECT_TRUE(echo.swallow("c", at(6002)));
}

TEST(ClientEcho, AwaitsABoundedNumber) {
    client_echo echo;
    echo.said("first", at(0));
    for (std::size_t i = 0; i < client_echo::most_awaited; ++i) echo.said("x", at(0));
    EXPECT_FALSE(echo.swallow("first", at(1)));
}

}  // namespace
