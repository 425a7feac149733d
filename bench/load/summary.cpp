// summary(): the report in a few lines for people.
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "load/report.hpp"

namespace chatterlink::load {
namespace {

constexpr double busy_percent = 90;          // of a core: the generator may be what limits
constexpr double worth_telling_us = 10'000;  // lateness of the generator

// One line as printf would write it.
[[gnu::format(printf, 2, 3)]] void line(std::string& text, const char* format, ...) {
    std::array<char, 512> buffer{};
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
    va_end(arguments);
    text.append(buffer.data()).push_back('\n');
}

// 1234567 as 1,234,567
std::string grouped(double value) {
    auto digits = std::to_string(std::llround(value));
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}
std::string grouped(std::uint64_t value) {
    return grouped(static_cast<double>(value));
}

void latencies(std::string& text, const char* what, const std::optional<quantiles>& q) {
    if (!q) return;
    line(text, "  %-12s p50 %.3f ms, p90 %.3f, p99 %.3f, p99.9 %.3f, max %.3f", what, q->p50 / 1000,
         q->p90 / 1000, q->p99 / 1000, q->p999 / 1000, q->max / 1000);
}

void first_line(std::string& text, const options& o) {
    std::string load;
    if (o.what == scenario::fanout)
        load = ", " + std::to_string(o.senders) + " of them sending " + grouped(o.rate) + " messages/s";
    if (o.in_flight > 0)
        load = ", " + std::to_string(o.senders) + " of them sending, " + std::to_string(o.in_flight) +
               " messages on the way each";
    line(text, "%s over %s: %s clients in %s room%s%s", std::string(name_of(o.what)).c_str(),
         std::string(name_of(o.how)).c_str(), grouped(std::uint64_t{o.clients}).c_str(),
         grouped(std::uint64_t{o.rooms}).c_str(), o.rooms == 1 ? "" : "s", load.c_str());
}

void throughput(std::string& text, const report& r) {
    if (!r.wanted.sends()) return;
    line(text, "  deliveries   %s in %.1f s: %s a second", grouped(r.deliveries_in_window).c_str(), r.seconds,
         grouped(static_cast<double>(r.deliveries_in_window) / r.seconds).c_str());
    if (r.acks)
        line(text, "  acks         %s in %.1f s: %s a second", grouped(r.acks_in_window).c_str(), r.seconds,
             grouped(static_cast<double>(r.acks_in_window) / r.seconds).c_str());
    line(text, "  verified     %s of %s: %s lost, %s duplicates, %s out of order",
         grouped(r.deliveries).c_str(), grouped(r.expected).c_str(), grouped(r.lost()).c_str(),
         grouped(r.duplicates).c_str(), grouped(r.reordered).c_str());
}

void server(std::string& text, const report& r) {
    if (const auto each = r.cpu_us_per_delivery())
        line(text, "  server CPU   %.2f s (%.0f %% of a core), %.3f us per delivery", *r.cpu_seconds,
             *r.cpu_seconds / r.seconds * 100, *each);
    if (const auto idle = r.idle_cpu_percent())
        line(text, "  server CPU   %.2f %% of a core while idle", *idle);
    if (const auto kib = r.kib_per_connection())
        line(text, "  memory       %s KiB, %s connected (%.2f KiB a connection), %s at the end",
             grouped(*r.rss_before).c_str(), grouped(*r.rss_connected).c_str(), *kib,
             grouped(r.rss_after.value_or(0)).c_str());
}

}  // namespace

std::string summary(const report& r) {
    std::string text;
    first_line(text, r.wanted);
    line(text, "  %-12s %s clients a second", r.wanted.what == scenario::connect ? "connected" : "joined",
         grouped(r.connects_per_second()).c_str());
    throughput(text, r);
    latencies(text, "latency", r.latency);
    latencies(text, "ack latency", r.ack_latency);
    server(text, r);
    const bool connects = r.wanted.what == scenario::connect || r.wanted.what == scenario::idle;
    const double own = connects ? r.connect_load_cpu_percent : r.load_cpu_percent;
    line(text, "  this program %.0f %% of a core%s%s", own, connects ? " while connecting" : "",
         own >= busy_percent ? ": it may be what limits, not the server" : "");
    if (r.late_us && *r.late_us > worth_telling_us)
        line(text, "  note         it sent up to %.1f ms late, which counts as latency", *r.late_us / 1000);
    for (const auto& each : r.errors) line(text, "  error        %s", each.c_str());
    return text;
}

}  // namespace chatterlink::load
