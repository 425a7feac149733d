// What the send queues of one shard are made of: nodes, and runs of messages that several queues share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/shared_buffer.hpp"

namespace chatterlink::net {

/// Messages that follow each other in several queues, as a busy room's do, copied side by side once: each of
/// those queues holds a range, which is one piece for the kernel and costs one node however many messages it
/// has. Only grows, at its end, so ranges stay good. One thread.
class message_run {
  public:
    static constexpr std::uint32_t capacity = 64 * 1024;
    static constexpr std::size_t largest = 2 * 1024;  // a message that is copied here

    bool has_room_for(const base::shared_buffer& message) const noexcept {
        return message.size() <= largest && size_ + message.size() <= capacity;
    }
    void append(const base::buffer_ptr& message) noexcept;

    std::uint32_t size() const noexcept { return size_; }
    std::string_view part(std::uint32_t begin, std::uint32_t end) const noexcept {
        return {bytes_.data() + begin, end - begin};
    }

    /// Its last message is this one; where it begins.
    bool ends_with(const base::buffer_ptr& message) const noexcept { return last_ == message; }
    std::uint32_t last_begins() const noexcept { return last_begins_; }
    /// The one before.
    bool has_before_last(const base::buffer_ptr& message) const noexcept { return before_ == message; }
    std::uint32_t before_begins() const noexcept { return before_begins_; }

  private:
    friend class queue_nodes;
    void clear() noexcept;

    std::uint32_t holders_ = 0;  // ranges that are held
    std::uint32_t size_ = 0;
    // Held: an address that is compared must not be another message's by now.
    base::buffer_ptr last_;
    base::buffer_ptr before_;
    std::uint32_t last_begins_ = 0;
    std::uint32_t before_begins_ = 0;
    message_run* next_ = nullptr;  // when it is spare
    std::array<char, capacity> bytes_;
};

/// The nodes and runs of one shard's queues, with the spare ones. One thread.
class queue_nodes {
  public:
    static constexpr std::size_t kept = 65'536;   // spare nodes; what comes back beyond is freed (3 MiB)
    static constexpr std::size_t most_runs = 64;  // at a time, 4 MiB; then messages are queued one by one

    // A message, or a range of a run.
    struct node {
        base::buffer_ptr bytes{};
        message_run* run = nullptr;
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        node* next = nullptr;

        std::string_view view() const noexcept {
            return run == nullptr ? bytes->view() : run->part(begin, end);
        }
    };

    queue_nodes() = default;
    ~queue_nodes();
    queue_nodes(const queue_nodes&) = delete;
    queue_nodes& operator=(const queue_nodes&) = delete;

    /// A node that holds the message.
    node* take(const base::buffer_ptr& message) {
        node* n = spare_;
        if (n == nullptr) {
            n = new node;
        } else {
            spare_ = std::exchange(n->next, nullptr);
            --count_;
        }
        if (recent_ != nullptr && recent_->ends_with(message)) {
            hold(*n, *recent_, recent_->last_begins());
        } else {
            n->bytes = message;
        }
        return n;
    }

    /// To be asked once for each message that is queued: it went to the queue before this one too.
    bool goes_to_several(const base::buffer_ptr& message) noexcept {
        return std::exchange(queued_, message.get()) == message.get();
    }

    /// The node of a queue that is its last holds `message` too from now on, which goes to several queues.
    /// False: it does not; the message takes a node of its own.
    bool extend(node& last, const base::buffer_ptr& message) {
        if (last.run == nullptr) return begin_range(last, message);
        auto& run = *last.run;
        if (run.ends_with(message)) {  // put there for a queue before this one
            if (last.end != run.last_begins()) return false;
        } else {
            if (last.end != run.size() || !run.has_room_for(*message)) return false;
            run.append(message);
            recent_ = &run;
        }
        last.end = run.size();
        return true;
    }

    /// What the node holds is its own afterwards, no other queue's.
    void detach(node& n);

    void give_back(node* n) noexcept {
        n->bytes.reset();
        if (n->run != nullptr) let_go(*n);
        if (count_ == kept) {
            delete n;
            return;
        }
        n->next = spare_;
        spare_ = n;
        ++count_;
    }

    /// Spare nodes, and runs in use.
    std::size_t count() const noexcept { return count_; }
    std::size_t runs() const noexcept { return runs_; }

  private:
    bool begin_range(node& last, const base::buffer_ptr& message);
    static void hold(node& n, message_run& run, std::uint32_t begin) noexcept {
        ++run.holders_;
        n.run = &run;
        n.begin = begin;
        n.end = run.size();
    }
    void let_go(node& n) noexcept;

    node* spare_ = nullptr;
    std::size_t count_ = 0;
    message_run* spare_runs_ = nullptr;
    std::size_t runs_ = 0;
    message_run* recent_ = nullptr;                // the one that grew last
    const base::shared_buffer* queued_ = nullptr;  // last; only to be compared
};

}  // namespace chatterlink::net
