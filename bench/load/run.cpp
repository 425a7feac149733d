#include "load/run.hpp"

#include <unistd.h>

#include <algorithm>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

constexpr std::uint32_t most_tries = 3;                    // to connect one client
constexpr nanoseconds settle = 300 * one_millisecond;      // presence and the like, after the last join
constexpr nanoseconds first_probe = 10 * one_millisecond;  // until the next; twice as long each time
constexpr nanoseconds longest_probe = 500 * one_millisecond;
constexpr nanoseconds late_duplicates = 200 * one_millisecond;  // to see what comes once too often

// Not the same for two runs that follow each other or run side by side.
std::uint32_t new_run_number() {
    return static_cast<std::uint32_t>(now_ns() >> 10U) ^ static_cast<std::uint32_t>(::getpid());
}

std::size_t files_for(const options& o) {
    return std::size_t{o.clients} * (o.how == protocol::polling ? 2 : 1) + 32;
}

const options& with_files(const options& o) {
    allow_open_files(files_for(o));
    return o;
}

}  // namespace

run::run(const options& o)
    : wanted_(with_files(o)),
      server_(o.host, o.port, o.unix_socket),
      run_(new_run_number()),
      board_(wanted_, run_),
      around_{loop_, server_, wanted_, board_, *this, nullptr, run_} {
    if (o.deflate) around_.inflates = &inflater_.emplace();
    report_.wanted = wanted_;
    if (o.pid != 0) stats_.emplace(o.pid);
}

report run::measure() {
    const auto began = now_ns();
    give_up_ = began + from_seconds(wanted_.timeout);
    sessions_.reserve(wanted_.clients);
    for (std::uint32_t i = 0; i < wanted_.clients; ++i) sessions_.push_back(make_session(around_, i));
    if (stats_) report_.rss_before = stats_->rss_kib();
    connect_all();
    wait_until(now_ns() + (wanted_.what == scenario::idle ? from_seconds(wanted_.warmup) : settle));
    if (stats_) {
        stats_->refresh();
        report_.rss_connected = stats_->rss_kib();
    }
    if (wanted_.what != scenario::connect) put_load_on();
    if (stats_) report_.rss_after = stats_->rss_kib();
    if (wanted_.sends()) drain();
    collect();
    return std::move(report_);
}

// A server on the same machine that sends to somebody who sleeps has to wake him, which costs it as much as
// the half of a delivery. How often that happens is a matter of which of the two has just been faster, and
// clients on other machines never cost it anything.
bool run::stays_awake() const {
    return wanted_.awake && schedule_.has_value();
}

// One round of events; ends it all when the time is up or nobody is left.
void run::turn(nanoseconds until) {
    loop_.turn(stays_awake() ? 0 : std::min(until, give_up_));
    if (gone_ > 0 && gone_ == ready_)
        throw could_not_run("all connections were lost; the first: " + first_loss_);
    if (now_ns() < give_up_) return;
    throw could_not_run(
        connecting_
            ? "after " + std::to_string(static_cast<int>(wanted_.timeout)) + " s (--timeout) only " +
                  std::to_string(ready_) + " of " + std::to_string(wanted_.clients) + " clients are " +
                  (wanted_.what == scenario::connect ? "connected" : "in their room")
            : "it took longer than --timeout, " + std::to_string(static_cast<int>(wanted_.timeout)) + " s");
}

void run::wait_until(nanoseconds until) {
    while (now_ns() < until) turn(until);
}

// Connecting: so many at a time, the next one as soon as one is ready.

void run::connect_all() {
    const auto began = now_ns();
    const auto cpu = stats_ ? stats_->cpu() : 0;
    const auto own = own_cpu();
    open_more();
    while (ready_ < wanted_.clients) turn(give_up_);
    if (wanted_.how == protocol::lines) probe_until_known();
    report_.connect_seconds = to_seconds(now_ns() - began);
    report_.connect_load_cpu_percent = to_seconds(own_cpu() - own) / report_.connect_seconds * 100;
    if (stats_) report_.connect_cpu_seconds = to_seconds(stats_->cpu() - cpu);
    connecting_ = false;
}

void run::open_more() {
    while (begun_ < wanted_.clients && begun_ - ready_ < wanted_.concurrency) {
        auto& s = *sessions_[begun_++];
        ++s.tries;
        s.started = now_ns();
        s.start();
    }
}

// A line server says nothing to who connects. So the last client of each room says something until everybody
// in it has heard it.
void run::probe_until_known() {
    const auto known = [](const auto& s) { return s->self().probed; };
    for (auto pause = first_probe; !std::all_of(sessions_.begin(), sessions_.end(), known);
         pause = std::min(2 * pause, longest_probe)) {
        for (std::uint32_t room = 0; room < wanted_.rooms; ++room) {
            auto& last = *sessions_[wanted_.clients - 1 - room];
            last.say(board_.probe_text(), 0);
            last.flush();
        }
        const auto again = now_ns() + pause;
        while (now_ns() < again && !std::all_of(sessions_.begin(), sessions_.end(), known)) turn(again);
    }
}

void run::on_ready(session& s) {
    if (s.ready) return;
    s.ready = true;
    ++ready_;
    connect_times_.record(now_ns() - s.started);
    open_more();
}

void run::on_lost(session& s, const std::string& why) {
    if (!connecting_) return lost_while_measuring(s, why);
    if (s.ready) throw could_not_run("a client was lost while others were still connecting: " + why);
    if (s.tries >= most_tries) throw could_not_run("a client could not connect: " + why);
    ++s.tries;
    s.start();
}

void run::on_refused(session&, const std::string& why) {
    throw could_not_run("the server " + why);
}

void run::lost_while_measuring(session& s, const std::string& why) {
    s.ready = false;
    if (gone_++ == 0) first_loss_ = why;
}

// The load.

void run::put_load_on() {
    const auto began = now_ns();
    const bool idle = wanted_.what == scenario::idle;  // its warm-up is over: settling down
    const auto window = idle ? began : began + from_seconds(wanted_.warmup);
    const auto end = window + from_seconds(wanted_.duration);
    if (wanted_.what == scenario::fanout) schedule_.emplace(began, wanted_.rate, wanted_.senders);
    sending_ = wanted_.in_flight > 0;
    for (std::uint32_t i = 0; sending_ && i < wanted_.senders; ++i) {
        for (std::uint32_t k = 0; k < wanted_.in_flight; ++k) say(i, began);
        sessions_[i]->flush();
    }
    const auto go_on = [&](nanoseconds until) {
        while (now_ns() < until) {
            send_what_is_due(until);
            turn(schedule_ ? std::min(until, schedule_->due()) : until);
        }
        send_what_is_due(until);
    };
    go_on(window);
    begin_window();
    go_on(end);
    end_window();
}

// What is due before `until` and not after now.
void run::send_what_is_due(nanoseconds until) {
    if (!schedule_) return;
    for (auto now = now_ns(); schedule_->due() < until && schedule_->due() <= now;) {
        const auto due = schedule_->due();
        const auto sender = schedule_->sender();
        schedule_->advance();
        worst_lateness_ = std::max(worst_lateness_, now - due);
        if (!sessions_[sender]->ready) continue;
        say(sender, due);
        sessions_[sender]->flush();
        if (schedule_->due() > now) now = now_ns();
    }
}

void run::say(std::uint32_t sender, nanoseconds due) {
    std::uint32_t seq = 0;
    const auto text = board_.next_text(sender, due, seq);
    sessions_[sender]->say(text, seq);
}

// A closed loop: as many as came back, or were answered.
void run::on_progress(session& s) {
    auto& returned = s.self().returned;
    const auto more = wanted_.what == scenario::flood ? returned : s.answered;
    returned = s.answered = 0;
    if (!sending_) return;
    const auto now = now_ns();
    for (std::uint32_t i = 0; i < more; ++i) say(s.number(), now);
    s.flush();
}

void run::begin_window() {
    board_.begin_measuring();
    worst_lateness_ = 0;
    window_began_ = now_ns();
    arrived_ = board_.arrived();
    acks_ = board_.all_acks();
    server_cpu_ = stats_ ? stats_->cpu() : 0;
    own_cpu_ = own_cpu();
}

void run::end_window() {
    const auto own = own_cpu() - own_cpu_;
    if (stats_) report_.cpu_seconds = to_seconds(stats_->cpu() - server_cpu_);
    report_.seconds = to_seconds(now_ns() - window_began_);
    report_.load_cpu_percent = to_seconds(own) / report_.seconds * 100;
    report_.deliveries_in_window = board_.arrived() - arrived_;
    report_.acks_in_window = board_.all_acks() - acks_;
    if (schedule_) report_.late_us = static_cast<double>(worst_lateness_) / 1000;
    sending_ = false;
    schedule_.reset();
}

std::uint64_t run::awaited() const {
    auto open = board_.expected() + board_.warmup_expected() - board_.arrived();
    if (wanted_.acks()) open += board_.sent() + board_.warmup_sent() - board_.all_acks() - board_.refused();
    return open;
}

void run::drain() {
    const auto end =
        std::min(now_ns() + from_seconds(wanted_.drain), give_up_ - late_duplicates - one_second / 2);
    while (awaited() > 0 && now_ns() < end) turn(std::min(end, now_ns() + 50 * one_millisecond));
    wait_until(std::min(now_ns() + late_duplicates, give_up_ - one_second / 4));
}

void run::collect() {
    auto& r = report_;
    const auto& count = board_.measured();
    r.sent = board_.sent();
    r.expected = board_.expected();
    r.deliveries = count.deliveries;
    r.duplicates = count.duplicates;
    r.reordered = count.reordered;
    r.latency = quantiles::of(board_.latency());
    r.ack_latency = quantiles::of(board_.ack_latency());
    r.connect_latency = quantiles::of(connect_times_);
    if (wanted_.acks() && wanted_.sends()) r.acks = count.acks;
    note_errors();
}

// What is wrong beside the counts of the report.
void run::note_errors() {
    const auto note = [this](std::uint64_t count, const std::string& what, const std::string& happened) {
        if (count == 0) return;
        report_.errors.push_back(std::to_string(count) + " " + what + (count == 1 ? " was " : "s were ") +
                                 happened);
    };
    const auto& before = board_.warmup();
    const std::string early = " while warming up";
    note(board_.warmup_expected() - before.deliveries, "message", "lost on the way to a member" + early);
    note(before.duplicates, "message", "delivered twice" + early);
    note(before.reordered, "message", "delivered out of order" + early);
    note(board_.refused(), "message", "refused; the first: " + board_.first_refusal());
    if (wanted_.acks())
        note(board_.sent() + board_.warmup_sent() - board_.all_acks() - board_.refused(), "message",
             "not acknowledged");
    note(board_.corrupt(), "text", "damaged or came to the wrong room");
    note(gone_, "connection", "lost; the first: " + first_loss_);
}

}  // namespace chatterlink::load
