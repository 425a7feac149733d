// What was sent and what came of it: every delivery of the run is entered here, and compared with what it
// ought to be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/clock.hpp"
#include "load/histogram.hpp"
#include "load/message_text.hpp"
#include "load/options.hpp"
#include "load/outstanding.hpp"
#include "load/sequence_checker.hpp"

namespace chatterlink::load {

/// One client as a receiver. Made by board::member_of().
struct member {
    static constexpr std::uint32_t no_sender = 0xFFFFFFFF;

    std::uint32_t room = 0;
    std::uint32_t sender = no_sender;  // its number, if it sends too
    std::size_t first_stream = 0;      // sequence_checker's, of the first sender of its room
    bool probed = false;               // a probe has reached it
    std::uint32_t returned = 0;        // own messages that came back since somebody set this to 0
};

struct tally {
    std::uint64_t deliveries = 0;  // each message counted once for each receiver
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0;  // among the deliveries
    std::uint64_t acks = 0;

    bool operator==(const tally&) const = default;
};

class board {
  public:
    board(const options& o, std::uint32_t run);

    member member_of(std::uint32_t client) const noexcept;
    std::uint32_t members_of(std::uint32_t room) const noexcept;

    /// The next text of a sender, due at that time; holds until the next call. `seq` becomes its number.
    std::string_view next_text(std::uint32_t sender, nanoseconds due, std::uint32_t& seq);

    /// A text that only finds out who gets it (member::probed).
    std::string_view probe_text() { return text_.write({probe_sender, 0, 0}); }

    /// Something arrived at `m` that may hold a text. Inline: it runs for each delivery, and allocates
    /// nothing unless something is missing.
    void deliver(member& m, std::string_view payload, nanoseconds now) {
        bool intact = true;
        const auto found = text_.read(payload, intact);
        if (!found) return;
        if (found->sender >= senders_.size() || !intact) return odd(m, *found, intact);
        auto& s = senders_[found->sender];
        if (s.room != m.room || found->seq > s.sent || found->scheduled > now) return odd(m, *found, false);
        const bool measured = found->seq >= s.first_measured;
        auto& count = measured ? measured_ : warmup_;
        switch (checker_.arrived(m.first_stream + s.place, found->seq)) {
            case arrival::duplicate:
                ++count.duplicates;
                return;
            case arrival::late:
                ++count.reordered;
                break;
            default:
                break;
        }
        ++count.deliveries;
        if (measured) latency_.record(now - found->scheduled);
        if (found->sender == m.sender) ++m.returned;
    }

    /// A message was acknowledged, or refused: then `refusal` is what the server said.
    void acknowledged(std::uint32_t sender, std::uint32_t seq, std::string_view refusal, nanoseconds now);

    /// What is sent from now on is measured.
    void begin_measuring() noexcept;

    const tally& measured() const noexcept { return measured_; }
    const tally& warmup() const noexcept { return warmup_; }
    std::uint64_t arrived() const noexcept { return measured_.deliveries + warmup_.deliveries; }
    std::uint64_t all_acks() const noexcept { return measured_.acks + warmup_.acks; }

    /// Of the messages that are measured: how many were sent, and how many deliveries that makes.
    std::uint64_t sent() const noexcept;
    std::uint64_t expected() const noexcept;
    /// The same of those before.
    std::uint64_t warmup_sent() const noexcept;
    std::uint64_t warmup_expected() const noexcept;

    const histogram& latency() const noexcept { return latency_; }
    const histogram& ack_latency() const noexcept { return ack_latency_; }

    /// Texts that were not as they were sent, or came to a room that is not theirs.
    std::uint64_t corrupt() const noexcept { return corrupt_; }
    std::uint64_t refused() const noexcept { return refused_; }
    const std::string& first_refusal() const noexcept { return first_refusal_; }

  private:
    struct sender_record {
        std::uint32_t room = 0;
        std::uint32_t place = 0;  // among the senders of its room
        std::uint32_t sent = 0;   // the last number used
        std::uint32_t first_measured = 0xFFFFFFFF;
        outstanding unanswered{};
    };

    void odd(member& m, const text_fields& found, bool intact) noexcept;

    bool with_acks_;
    std::uint32_t clients_;
    std::uint32_t rooms_;
    message_text text_;
    std::vector<sender_record> senders_;
    std::vector<std::uint32_t> senders_of_room_;
    sequence_checker checker_;
    tally measured_;
    tally warmup_;
    histogram latency_;
    histogram ack_latency_;
    std::uint64_t corrupt_ = 0;
    std::uint64_t refused_ = 0;
    std::string first_refusal_;
};

}  // namespace chatterlink::load
