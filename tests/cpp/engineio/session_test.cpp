#include "engineio/session.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace chatterlink::engineio {
namespace {

using namespace std::chrono_literals;
using action = session::action;
using base::steady_time;

constexpr steady_time start{1h};

packet text(packet_type type, std::string_view data = {}) {
    return {type, data, false, {}};
}

const settings how{.ping_interval = 1'000ms, .ping_timeout = 200ms, .upgrade_timeout = 300ms};

session admitted(transport first, const settings& s) {
    session made(first, s, start);
    made.on_admitted(start);
    return made;
}
session polling(const settings& s = how) {
    return admitted(transport::polling, s);
}
session over_websocket() {
    return admitted(transport::websocket, how);
}

// Walks a polling session through its upgrade.
void upgrade(session& s) {
    ASSERT_EQ(s.on_probe_opened(start), action::none);
    ASSERT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe);
    ASSERT_EQ(s.on_probe_packet(text(packet_type::upgrade)), action::finish_upgrade);
}

// ---- Handshake ----

TEST(engineio_session, the_handshake_says_what_the_client_has_to_know) {
    const auto first = base::parse_json(session::handshake("abc", transport::polling, how)).value();
    EXPECT_EQ(first, (base::json{{"sid", "abc"},
                                 {"upgrades", {"websocket"}},
                                 {"pingInterval", 1000},
                                 {"pingTimeout", 200},
                                 {"maxPayload", 1000000}}));
}

TEST(engineio_session, the_handshake_offers_an_upgrade_only_where_there_is_one) {
    const auto upgrades = [](transport t, bool allowed) {
        settings s = how;
        s.allow_upgrades = allowed;
        return base::parse_json(session::handshake("abc", t, s)).value()["upgrades"];
    };
    EXPECT_EQ(upgrades(transport::websocket, true), base::json::array());
    EXPECT_EQ(upgrades(transport::polling, false), base::json::array());
}

// ---- Packets ----

TEST(engineio_session, messages_are_delivered_text_and_binary) {
    auto s = polling();
    EXPECT_EQ(s.on_packet(text(packet_type::message, "hello"), start), action::deliver);
    EXPECT_EQ(s.on_packet({packet_type::message, "\x01", true, {}}, start), action::deliver);
    EXPECT_EQ(s.on_packet(text(packet_type::noop), start), action::none);
    EXPECT_TRUE(s.open());
}

TEST(engineio_session, a_close_packet_ends_the_session) {
    auto s = polling();
    EXPECT_EQ(s.on_packet(text(packet_type::close), start), action::close);
    EXPECT_FALSE(s.open());
    EXPECT_EQ(s.reason(), close_reason::client_close);
}

TEST(engineio_session, packets_a_client_may_not_send_end_the_session_with_parse_error) {
    for (const auto type : {packet_type::open, packet_type::ping, packet_type::upgrade}) {
        auto s = over_websocket();
        EXPECT_EQ(s.on_packet(text(type), start), action::close);
        EXPECT_EQ(s.reason(), close_reason::parse_error);
    }
}

TEST(engineio_session, nothing_happens_after_the_end) {
    auto s = polling();
    ASSERT_EQ(s.on_error(close_reason::transport_error), action::close);
    EXPECT_EQ(s.on_packet(text(packet_type::message, "x"), start), action::none);
    EXPECT_EQ(s.on_packet(text(packet_type::open), start), action::none);
    EXPECT_EQ(s.on_poll(true), action::none);
    EXPECT_EQ(s.on_time(start + 1h), action::none);
    EXPECT_EQ(s.on_transport_closed(), action::none);
    EXPECT_EQ(s.on_error(close_reason::server_close), action::none);
    EXPECT_EQ(s.on_probe_opened(start), action::drop_probe);
    EXPECT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::drop_probe);
    EXPECT_EQ(s.reason(), close_reason::transport_error) << "the first reason stands";
}

TEST(engineio_session, the_end_of_the_transport_ends_the_session) {
    auto s = over_websocket();
    EXPECT_EQ(s.on_transport_closed(), action::close);
    EXPECT_EQ(s.reason(), close_reason::transport_close);
}

TEST(engineio_session, a_second_poll_at_the_same_time_ends_the_session) {
    auto s = polling();
    EXPECT_EQ(s.on_poll(false), action::none);
    EXPECT_EQ(s.on_poll(true), action::close);
    EXPECT_EQ(s.reason(), close_reason::transport_error);
}

// ---- Heartbeat ----

TEST(engineio_session, pings_after_the_interval_not_earlier) {
    auto s = polling();
    EXPECT_EQ(s.deadline(), start + 1'000ms);
    EXPECT_EQ(s.on_time(start + 999ms), action::none);
    EXPECT_EQ(s.on_time(start + 1'000ms), action::send_ping);
    EXPECT_EQ(s.deadline(), start + 1'200ms);
    EXPECT_EQ(s.on_time(start + 1'000ms), action::none) << "one ping at a time";
}

TEST(engineio_session, a_pong_in_time_starts_the_next_interval) {
    auto s = polling();
    ASSERT_EQ(s.on_time(start + 1'000ms), action::send_ping);
    EXPECT_EQ(s.on_packet(text(packet_type::pong), start + 1'100ms), action::none);
    EXPECT_EQ(s.on_time(start + 1'250ms), action::none);
    EXPECT_EQ(s.deadline(), start + 2'100ms);
    EXPECT_EQ(s.on_time(start + 2'100ms), action::send_ping);
}

TEST(engineio_session, without_a_pong_the_session_times_out) {
    auto s = polling();
    ASSERT_EQ(s.on_time(start + 1'000ms), action::send_ping);
    EXPECT_EQ(s.on_time(start + 1'199ms), action::none);
    EXPECT_EQ(s.on_time(start + 1'200ms), action::close);
    EXPECT_EQ(s.reason(), close_reason::ping_timeout);
}

TEST(engineio_session, an_unasked_pong_does_not_keep_a_session_alive) {
    auto s = polling();
    for (auto t = start; t < start + 1'000ms; t += 100ms)
        EXPECT_EQ(s.on_packet(text(packet_type::pong), t), action::none);
    EXPECT_EQ(s.on_time(start + 1'000ms), action::send_ping) << "the ping comes when it was due";
    EXPECT_EQ(s.on_packet(text(packet_type::pong), start + 1'050ms), action::none);
    EXPECT_EQ(s.on_packet(text(packet_type::pong), start + 1'150ms), action::none);
    EXPECT_EQ(s.deadline(), start + 2'050ms) << "a second pong for one ping counts for nothing";
}

TEST(engineio_session, messages_do_not_stand_in_for_a_pong) {
    auto s = polling();
    ASSERT_EQ(s.on_time(start + 1'000ms), action::send_ping);
    EXPECT_EQ(s.on_packet(text(packet_type::message, "I am here"), start + 1'100ms), action::deliver);
    EXPECT_EQ(s.on_time(start + 1'200ms), action::close);
}

TEST(engineio_session, the_pong_is_due_from_when_the_ping_was_due) {
    auto s = polling();
    ASSERT_EQ(s.on_time(start + 1'010ms), action::send_ping) << "a timer's tick late";
    EXPECT_EQ(s.deadline(), start + 1'200ms);
    auto late = polling();
    ASSERT_EQ(late.on_time(start + 1'500ms), action::send_ping) << "a busy machine";
    EXPECT_EQ(late.deadline(), start + 1'700ms) << "the client has its full time";
}

TEST(engineio_session, clients_are_told_of_the_grace_that_the_pings_do_not_have) {
    settings generous = how;
    generous.ping_grace = 500ms;
    EXPECT_EQ(
        base::parse_json(session::handshake("abc", transport::polling, generous)).value()["pingInterval"],
        1500);
    auto s = polling(generous);
    EXPECT_EQ(s.on_time(start + 1'000ms), action::send_ping);
}

TEST(engineio_session, without_the_monitor_a_missing_pong_ends_nothing) {
    settings lenient = how;
    lenient.monitor = false;
    auto s = polling(lenient);
    for (auto t = start + 1'000ms; t < start + 10'000ms; t += 1'000ms)
        EXPECT_EQ(s.on_time(t), action::send_ping) << "and the pings go on";
    EXPECT_TRUE(s.open());
}

// ---- Admission ----

TEST(engineio_session, a_paused_client_is_pinged_on_and_has_its_full_time_after_the_pause) {
    session s = over_websocket();
    s.set_paused(true, start + 500ms);
    steady_time t = start + 1'000ms;
    for (int i = 0; i < 20; ++i, t += 200ms) {
        EXPECT_EQ(s.deadline(), t);
        EXPECT_EQ(s.on_time(t), action::send_ping) << "its pong is not read; without pings it would give up";
    }
    s.set_paused(false, t - 1ms);
    EXPECT_EQ(s.deadline(), t + 199ms) << "not when a ping of the pause was due";
    s.set_paused(false, t + 100ms);
    EXPECT_EQ(s.deadline(), t + 199ms) << "it was not paused";
    EXPECT_EQ(s.on_packet(text(packet_type::pong), t + 150ms), action::none);
    EXPECT_EQ(s.deadline(), t + 1'150ms);
    for (int i = 0; i < 19; ++i) s.on_packet(text(packet_type::pong), t + 160ms);
    EXPECT_EQ(s.deadline(), t + 1'150ms);
    EXPECT_EQ(s.on_time(t + 1'150ms), action::send_ping);
    EXPECT_EQ(s.on_time(t + 1'350ms), action::close) << "the heartbeat counts again";
    EXPECT_EQ(s.reason(), close_reason::ping_timeout);
}

TEST(engineio_session, a_pause_between_two_pings_changes_nothing) {
    session s = over_websocket();
    s.set_paused(true, start + 100ms);
    s.set_paused(false, start + 300ms);
    EXPECT_EQ(s.deadline(), start + 1'000ms);
}

TEST(engineio_session, before_it_is_admitted_nothing_happens_in_a_session_and_its_time_is_bounded) {
    settings quick = how;
    quick.connect_timeout = 500ms;
    session s(transport::polling, quick, start);
    EXPECT_TRUE(s.open());
    EXPECT_FALSE(s.admitted());
    EXPECT_EQ(s.on_packet(text(packet_type::message, "x"), start), action::none);
    EXPECT_EQ(s.on_poll(true), action::none);
    EXPECT_EQ(s.on_probe_opened(start), action::drop_probe);
    EXPECT_EQ(s.deadline(), start + 500ms);
    EXPECT_EQ(s.on_time(start + 499ms), action::none);
    EXPECT_EQ(s.on_time(start + 500ms), action::close);
    EXPECT_EQ(s.reason(), close_reason::transport_error);
    s.on_admitted(start + 600ms);
    EXPECT_FALSE(s.open()) << "too late";
}

TEST(engineio_session, the_heartbeat_begins_with_the_admission) {
    session s(transport::polling, how, start);
    s.on_admitted(start + 3'000ms);
    EXPECT_TRUE(s.admitted());
    EXPECT_EQ(s.deadline(), start + 4'000ms);
}

// ---- A close by this side ----

TEST(engineio_session, a_close_that_reaches_the_client_is_at_once) {
    auto s = polling();
    EXPECT_EQ(s.on_close(true, start), action::close);
    EXPECT_EQ(s.reason(), close_reason::server_close);
    EXPECT_EQ(s.on_close(true, start), action::none);
}

TEST(engineio_session, between_two_polls_a_closed_session_lingers_for_the_next_one) {
    auto s = polling();
    EXPECT_EQ(s.on_close(false, start), action::linger);
    EXPECT_FALSE(s.open()) << "over for the application";
    EXPECT_TRUE(s.lingering());
    EXPECT_EQ(s.on_packet(text(packet_type::message, "x"), start), action::none);
    EXPECT_EQ(s.on_error(close_reason::transport_error), action::none);
    EXPECT_EQ(s.on_probe_opened(start), action::drop_probe);
    EXPECT_EQ(s.on_poll(false), action::close);
    EXPECT_FALSE(s.lingering());
    EXPECT_EQ(s.reason(), close_reason::server_close);
}

TEST(engineio_session, a_closed_session_lingers_for_a_bounded_time) {
    settings quick = how;
    quick.close_timeout = 100ms;
    auto s = polling(quick);
    ASSERT_EQ(s.on_close(false, start), action::linger);
    EXPECT_EQ(s.deadline(), start + 100ms);
    EXPECT_EQ(s.on_time(start + 99ms), action::none);
    EXPECT_EQ(s.on_time(start + 100ms), action::close);
    EXPECT_FALSE(s.lingering());
}

TEST(engineio_session, an_upgrade_under_way_may_finish_in_a_closed_session) {
    auto s = polling();
    ASSERT_EQ(s.on_probe_opened(start), action::none);
    ASSERT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe);
    ASSERT_EQ(s.on_close(false, start), action::linger);
    EXPECT_EQ(s.on_probe_packet(text(packet_type::upgrade)), action::finish_upgrade);
    EXPECT_TRUE(s.lingering());
}

// ---- Upgrade ----

TEST(engineio_session, a_probe_that_is_answered_and_confirmed_becomes_the_transport) {
    auto s = polling();
    EXPECT_FALSE(s.probing());
    EXPECT_EQ(s.on_probe_opened(start), action::none);
    EXPECT_FALSE(s.probing());
    EXPECT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe);
    EXPECT_TRUE(s.probing());
    EXPECT_EQ(s.current(), transport::polling) << "until the client confirms";
    EXPECT_EQ(s.on_packet(text(packet_type::message, "by poll"), start), action::deliver);
    EXPECT_EQ(s.on_probe_packet(text(packet_type::upgrade)), action::finish_upgrade);
    EXPECT_EQ(s.current(), transport::websocket);
    EXPECT_FALSE(s.probing());
    EXPECT_EQ(s.deadline(), start + 1'000ms) << "only the heartbeat is left";
    EXPECT_EQ(s.on_packet(text(packet_type::message, "by websocket"), start), action::deliver);
}

TEST(engineio_session, anything_else_on_the_probe_drops_it_and_the_session_goes_on) {
    const packet wrong[] = {text(packet_type::ping),
                            text(packet_type::ping, "prob"),
                            text(packet_type::upgrade),
                            text(packet_type::message, "x"),
                            text(packet_type::close),
                            text(packet_type::noop),
                            {packet_type::ping, "probe", true, {}}};
    for (const auto& p : wrong) {
        auto s = polling();
        ASSERT_EQ(s.on_probe_opened(start), action::none);
        EXPECT_EQ(s.on_probe_packet(p), action::drop_probe);
        EXPECT_TRUE(s.open());
        EXPECT_EQ(s.current(), transport::polling);
        EXPECT_EQ(s.deadline(), start + 1'000ms);
        EXPECT_EQ(s.on_probe_opened(start), action::none) << "and it may try again";
    }
}

TEST(engineio_session, after_the_probe_only_an_upgrade_packet_is_allowed) {
    const packet wrong[] = {text(packet_type::ping, "probe"),
                            text(packet_type::message, "x"),
                            text(packet_type::pong, "probe"),
                            {packet_type::upgrade, {}, true, {}}};
    for (const auto& p : wrong) {
        auto s = polling();
        ASSERT_EQ(s.on_probe_opened(start), action::none);
        ASSERT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe);
        EXPECT_EQ(s.on_probe_packet(p), action::drop_probe);
        EXPECT_FALSE(s.probing());
        EXPECT_EQ(s.current(), transport::polling);
    }
}

TEST(engineio_session, a_probe_that_takes_too_long_is_dropped) {
    auto s = polling();
    ASSERT_EQ(s.on_probe_opened(start), action::none);
    EXPECT_EQ(s.deadline(), start + 300ms);
    EXPECT_EQ(s.on_time(start + 299ms), action::none);
    EXPECT_EQ(s.on_time(start + 300ms), action::drop_probe);
    EXPECT_TRUE(s.open());
    EXPECT_EQ(s.deadline(), start + 1'000ms);
    EXPECT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::drop_probe) << "too late";
}

TEST(engineio_session, a_probe_whose_connection_breaks_changes_nothing) {
    auto s = polling();
    ASSERT_EQ(s.on_probe_opened(start), action::none);
    ASSERT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe);
    s.on_probe_closed();
    EXPECT_FALSE(s.probing());
    EXPECT_EQ(s.on_packet(text(packet_type::message, "x"), start), action::deliver);
    EXPECT_EQ(s.on_probe_opened(start), action::none);
}

TEST(engineio_session, one_probe_at_a_time) {
    auto s = polling();
    ASSERT_EQ(s.on_probe_opened(start), action::none);
    EXPECT_EQ(s.on_probe_opened(start), action::drop_probe);
    EXPECT_EQ(s.on_probe_packet(text(packet_type::ping, "probe")), action::answer_probe)
        << "the first goes on";
}

TEST(engineio_session, no_probe_after_the_upgrade_or_where_none_is_allowed) {
    auto upgraded = polling();
    upgrade(upgraded);
    EXPECT_EQ(upgraded.on_probe_opened(start), action::drop_probe);
    upgraded.on_probe_closed();  // the old probe's end comes late
    EXPECT_EQ(upgraded.current(), transport::websocket);
    EXPECT_EQ(upgraded.on_probe_opened(start), action::drop_probe);

    auto direct = over_websocket();
    EXPECT_EQ(direct.on_probe_opened(start), action::drop_probe);

    settings without = how;
    without.allow_upgrades = false;
    auto forbidden = polling(without);
    EXPECT_EQ(forbidden.on_probe_opened(start), action::drop_probe);
}

TEST(engineio_session, the_heartbeat_goes_on_during_and_after_an_upgrade) {
    auto s = polling();
    upgrade(s);
    EXPECT_EQ(s.on_time(start + 1'000ms), action::send_ping);
    EXPECT_EQ(s.on_time(start + 1'200ms), action::close);
    EXPECT_EQ(s.reason(), close_reason::ping_timeout);
}

TEST(engineio_session, reasons_are_spelled_as_other_socket_io_servers_do) {
    EXPECT_EQ(close_reason_name(close_reason::client_close), "client disconnect");
    EXPECT_EQ(close_reason_name(close_reason::server_close), "server disconnect");
    EXPECT_EQ(close_reason_name(close_reason::ping_timeout), "ping timeout");
    EXPECT_EQ(close_reason_name(close_reason::transport_close), "transport close");
    EXPECT_EQ(close_reason_name(close_reason::transport_error), "transport error");
    EXPECT_EQ(close_reason_name(close_reason::parse_error), "parse error");
}

}  // namespace
}  // namespace chatterlink::engineio
