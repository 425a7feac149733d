// The result of a measurement, for people and for programs.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "load/histogram.hpp"
#include "load/options.hpp"

namespace chatterlink::load {

/// In microseconds.
struct quantiles {
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    double p999 = 0;
    double max = 0;

    /// Nothing when nothing was recorded (in nanoseconds).
    static std::optional<quantiles> of(const histogram& h);
};

/// What is not measured in a scenario, or needs --pid, is nothing (null).
struct report {
    options wanted;
    double seconds = 0;          // that were measured
    std::uint64_t sent = 0;      // messages, in those seconds
    std::uint64_t expected = 0;  // deliveries of these: deliveries + lost
    std::uint64_t deliveries = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0;             // among the deliveries
    std::uint64_t deliveries_in_window = 0;  // what arrived in those seconds, whenever it was sent
    std::optional<std::uint64_t> acks{};     // of the messages sent
    std::uint64_t acks_in_window = 0;
    std::optional<quantiles> latency{};
    std::optional<quantiles> ack_latency{};
    std::optional<quantiles> connect_latency{};
    double connect_seconds = 0;
    std::optional<double> cpu_seconds{};          // the server's, in those seconds
    std::optional<double> connect_cpu_seconds{};  // and while all connected
    std::optional<std::uint64_t> rss_before{};    // KiB
    std::optional<std::uint64_t> rss_connected{};
    std::optional<std::uint64_t> rss_after{};
    double load_cpu_percent = 0;          // this program's own, in those seconds
    double connect_load_cpu_percent = 0;  // and while all connected
    std::optional<double> late_us{};      // by how much its worst send missed the schedule
    std::vector<std::string> errors{};

    std::uint64_t lost() const noexcept { return expected - deliveries; }
    bool verified() const noexcept {
        return lost() == 0 && duplicates == 0 && reordered == 0 && errors.empty();
    }
    std::optional<double> cpu_us_per_delivery() const;
    std::optional<double> idle_cpu_percent() const;
    std::optional<double> kib_per_connection() const;
    double connects_per_second() const;
};

nlohmann::ordered_json to_json(const report& r);

/// A few lines.
std::string summary(const report& r);

}  // namespace chatterlink::load
