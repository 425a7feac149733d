#include "load/report.hpp"

#include <nlohmann/json.hpp>

namespace chatterlink::load {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json or_null(const std::optional<quantiles>& q) {
    if (!q) return nullptr;
    return {{"p50", q->p50}, {"p90", q->p90}, {"p99", q->p99}, {"p999", q->p999}, {"max", q->max}};
}

}  // namespace

std::optional<quantiles> quantiles::of(const histogram& h) {
    if (h.count() == 0) return std::nullopt;
    const auto us = [&](double share) { return static_cast<double>(h.quantile(share)) / 1000; };
    return quantiles{us(0.5), us(0.9), us(0.99), us(0.999), static_cast<double>(h.max()) / 1000};
}

std::optional<double> report::cpu_us_per_delivery() const {
    if (!cpu_seconds || deliveries_in_window == 0) return std::nullopt;
    return *cpu_seconds * 1e6 / static_cast<double>(deliveries_in_window);
}

std::optional<double> report::idle_cpu_percent() const {
    if (!cpu_seconds || wanted.what != scenario::idle || seconds <= 0) return std::nullopt;
    return *cpu_seconds / seconds * 100;
}

std::optional<double> report::kib_per_connection() const {
    if (!rss_before || !rss_connected) return std::nullopt;
    return (static_cast<double>(*rss_connected) - static_cast<double>(*rss_before)) / wanted.clients;
}

double report::connects_per_second() const {
    return connect_seconds > 0 ? wanted.clients / connect_seconds : 0;
}

ordered_json to_json(const report& r) {
    const auto& o = r.wanted;
    const auto per_second = [&](std::uint64_t count) {
        return r.seconds > 0 ? static_cast<double>(count) / r.seconds : 0.0;
    };
    const bool sends = o.sends();
    return {
        {"scenario", name_of(o.what)},
        {"protocol", name_of(o.how)},
        {"clients", o.clients},
        {"rooms", o.rooms},
        {"senders", o.senders},
        {"rate", o.what == scenario::fanout ? ordered_json(o.rate) : ordered_json(nullptr)},
        {"in_flight", o.in_flight > 0 ? ordered_json(o.in_flight) : ordered_json(nullptr)},
        {"size", o.size},
        {"seconds", r.seconds},
        {"sent", r.sent},
        {"deliveries", r.deliveries},
        {"expected", r.expected},
        {"lost", r.lost()},
        {"duplicates", r.duplicates},
        {"reordered", r.reordered},
        {"deliveries_in_window", r.deliveries_in_window},
        {"deliveries_per_second", per_second(r.deliveries_in_window)},
        {"cpu_seconds", or_null(r.cpu_seconds)},
        {"cpu_us_per_delivery", or_null(r.cpu_us_per_delivery())},
        {"latency_us", or_null(r.latency)},
        {"acks", or_null(r.acks)},
        {"acks_per_second",
         r.acks && sends ? ordered_json(per_second(r.acks_in_window)) : ordered_json(nullptr)},
        {"ack_latency_us", or_null(r.ack_latency)},
        {"connects_per_second", r.connects_per_second()},
        {"connect_latency_us", or_null(r.connect_latency)},
        {"connect_cpu_seconds", or_null(r.connect_cpu_seconds)},
        {"rss_kib",
         {{"before", or_null(r.rss_before)},
          {"connected", or_null(r.rss_connected)},
          {"after", or_null(r.rss_after)}}},
        {"kib_per_connection", or_null(r.kib_per_connection())},
        {"idle_cpu_percent", or_null(r.idle_cpu_percent())},
        {"load_cpu_percent", r.load_cpu_percent},
        {"connect_load_cpu_percent", r.connect_load_cpu_percent},
        {"late_us_max", or_null(r.late_us)},
        {"errors", r.errors},
    };
}

}  // namespace chatterlink::load
