#include "load/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chatterlink::load {
namespace {

using testing::HasSubstr;
using testing::Not;

report sample() {
    report r;
    r.wanted.clients = 10;
    r.wanted.rooms = 1;
    r.wanted.senders = 1;
    r.wanted.rate = 50;
    r.seconds = 2;
    r.sent = 100;
    r.expected = 1000;
    r.deliveries = 990;
    r.deliveries_in_window = 980;
    r.connect_seconds = 0.5;
    return r;
}

TEST(report, adds_up) {
    auto r = sample();
    r.cpu_seconds = 0.0098;
    r.rss_before = 1000;
    r.rss_connected = 1050;
    const auto json = to_json(r);
    EXPECT_EQ(json["lost"], 10);
    EXPECT_EQ(json["deliveries_per_second"], 490.0);
    EXPECT_DOUBLE_EQ(json["cpu_us_per_delivery"].get<double>(), 10.0);
    EXPECT_EQ(json["connects_per_second"], 20.0);
    EXPECT_EQ(json["kib_per_connection"], 5.0);
    EXPECT_EQ(json["scenario"], "fanout");
    EXPECT_EQ(json["protocol"], "socketio");
}

TEST(report, says_null_of_what_was_not_measured) {
    const auto json = to_json(sample());
    for (const char* key : {"cpu_seconds", "cpu_us_per_delivery", "latency_us", "acks", "acks_per_second",
                            "ack_latency_us", "kib_per_connection", "idle_cpu_percent", "in_flight"})
        EXPECT_TRUE(json.at(key).is_null()) << key;
    EXPECT_TRUE(json["rss_kib"]["connected"].is_null());
}

TEST(report, is_verified_only_when_nothing_went_wrong) {
    auto r = sample();
    EXPECT_FALSE(r.verified());
    r.deliveries = r.expected;
    EXPECT_TRUE(r.verified());
    for (auto* count : {&r.duplicates, &r.reordered}) {
        *count = 1;
        EXPECT_FALSE(r.verified());
        *count = 0;
    }
    r.errors.emplace_back("one");
    EXPECT_FALSE(r.verified());
}

TEST(report, gives_idle_cpu_as_a_share_of_a_core) {
    auto r = sample();
    r.cpu_seconds = 0.1;
    EXPECT_FALSE(r.idle_cpu_percent());
    r.wanted.what = scenario::idle;
    EXPECT_DOUBLE_EQ(*r.idle_cpu_percent(), 5);
}

TEST(report, tells_people_what_matters) {
    auto r = sample();
    r.load_cpu_percent = 97;
    r.errors.emplace_back("3 connections were lost");
    histogram h;
    h.record(1'500'000);
    r.latency = quantiles::of(h);
    const auto text = summary(r);
    EXPECT_THAT(text, HasSubstr("990 of 1,000: 10 lost, 0 duplicates, 0 out of order"));
    EXPECT_THAT(text, HasSubstr("p50 1.500 ms"));
    EXPECT_THAT(text, HasSubstr("97 % of a core: it may be what limits"));
    EXPECT_THAT(text, HasSubstr("error        3 connections were lost"));
    EXPECT_THAT(text, Not(HasSubstr("server CPU")));
}

}  // namespace
}  // namespace chatterlink::load
