#include "load/board.hpp"

namespace chatterlink::load {
namespace {

constexpr std::size_t most_of_a_refusal = 200;

// A matrix of as many columns as the room with the most senders has: rooms differ by one at the most.
std::uint32_t most_senders_in_a_room(const options& o) noexcept {
    return (o.senders + o.rooms - 1) / o.rooms;
}

}  // namespace

board::board(const options& o, std::uint32_t run)
    : with_acks_(o.acks()),
      clients_(o.clients),
      rooms_(o.rooms),
      text_(run, o.size),
      senders_(o.senders),
      senders_of_room_(o.rooms),
      checker_(std::size_t{o.clients} * most_senders_in_a_room(o)) {
    for (std::uint32_t i = 0; i < o.senders; ++i) {
        senders_[i].room = i % rooms_;
        senders_[i].place = senders_of_room_[i % rooms_]++;
    }
}

member board::member_of(std::uint32_t client) const noexcept {
    member m;
    m.room = client % rooms_;
    if (client < senders_.size()) m.sender = client;
    m.first_stream = std::size_t{client} * ((senders_.size() + rooms_ - 1) / rooms_);
    return m;
}

std::uint32_t board::members_of(std::uint32_t room) const noexcept {
    return (clients_ - room + rooms_ - 1) / rooms_;
}

std::string_view board::next_text(std::uint32_t sender, nanoseconds due, std::uint32_t& seq) {
    auto& s = senders_[sender];
    seq = ++s.sent;
    if (with_acks_) s.unanswered.add(seq, due);
    return text_.write({sender, seq, due});
}

void board::odd(member& m, const text_fields& found, bool intact) noexcept {
    if (found.sender == probe_sender && intact) {
        m.probed = true;
    } else {
        ++corrupt_;
    }
}

void board::acknowledged(std::uint32_t sender, std::uint32_t seq, std::string_view refusal, nanoseconds now) {
    if (sender >= senders_.size()) return;
    auto& s = senders_[sender];
    const auto due = s.unanswered.take(seq);
    if (!due) return;  // answered already
    if (!refusal.empty()) {
        if (refused_++ == 0) first_refusal_ = refusal.substr(0, most_of_a_refusal);
        return;
    }
    const bool measured = seq >= s.first_measured;
    ++(measured ? measured_ : warmup_).acks;
    if (measured) ack_latency_.record(now - *due);
}

void board::begin_measuring() noexcept {
    for (auto& s : senders_) s.first_measured = s.sent + 1;
}

std::uint64_t board::sent() const noexcept {
    std::uint64_t all = 0;
    for (const auto& s : senders_) all += s.sent >= s.first_measured ? s.sent - s.first_measured + 1 : 0;
    return all;
}

std::uint64_t board::expected() const noexcept {
    std::uint64_t all = 0;
    for (const auto& s : senders_) {
        if (s.sent < s.first_measured) continue;
        all += std::uint64_t{s.sent - s.first_measured + 1} * members_of(s.room);
    }
    return all;
}

std::uint64_t board::warmup_sent() const noexcept {
    std::uint64_t all = 0;
    for (const auto& s : senders_) all += s.sent;
    return all - sent();
}

std::uint64_t board::warmup_expected() const noexcept {
    std::uint64_t all = 0;
    for (const auto& s : senders_) all += std::uint64_t{s.sent} * members_of(s.room);
    return all - expected();
}

}  // namespace chatterlink::load
