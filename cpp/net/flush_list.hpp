// The connections of one shard that have something to write, and whose turn it is.
//
// A round of the shard writes to a few of them and then looks for input again: nobody waits until a whole
// crowd has been written to. First come those that are rested: not written to in this pass over the list or
// in the one before. So a word in a quiet room does not queue behind a room where all talk at once; and there
// nobody's turn is skipped, since each pass goes once round and a part of every round is theirs. What a
// connection's peers say until its turn comes goes out in one system call.
//
// Within a pass those who have said something themselves come last: the others wait for news, they know
// theirs; and what they answer to one pass is there when the next begins, so each of its sends carries more.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/send_ring.hpp"

namespace chatterlink::net {

class connection;

class flush_list {
  public:
    static constexpr std::size_t per_round = 64;       // connections written to before input is looked for
    static constexpr std::size_t busy_per_round = 16;  // of these: not for the rested, as long as others wait

    /// Counts the passes over the list. A connection keeps the one in which it was written to.
    using pass = std::uint32_t;

    flush_list();
    ~flush_list();
    flush_list(const flush_list&) = delete;
    flush_list& operator=(const flush_list&) = delete;

    /// Uses io_uring if it is to be had. On the shard's thread, as everything below.
    void use_ring();

    /// At its turn begin_flush() or flush() is called. `written`: the pass in which it last was.
    void add(std::shared_ptr<connection> c, pass written) {
        (now_ - written > 1 ? rested_ : busy_).add(std::move(c));
    }

    bool empty() const noexcept { return rested_.empty() && busy_.empty(); }
    pass now() const noexcept { return now_; }

    /// One round's share. What a connection throws (from whoever waited for its queue to drain) is logged.
    void flush_some();
    /// Everything, and what is added meanwhile.
    void flush_all() {
        while (!empty()) flush_some();
    }
    void clear();

  private:
    // First in, first out: filled at one end while the other is being emptied.
    class line {
      public:
        void add(std::shared_ptr<connection> c) { coming_.push_back(std::move(c)); }
        bool empty() const noexcept { return next_ == going_.size() && coming_.empty(); }
        /// Nobody of those is left who were here when this was asked the last time.
        bool turn_over();
        bool take(std::shared_ptr<connection>& c);
        /// The same, but who has spoken since it was written to comes after those who have not.
        bool take_listeners_first(std::shared_ptr<connection>& c);
        void clear();

      private:
        std::vector<std::shared_ptr<connection>> going_;
        std::size_t next_ = 0;
        std::size_t undecided_ = 0;  // up to here it may be put behind the others
        std::vector<std::shared_ptr<connection>> coming_;
    };

    std::size_t choose();
    void write(std::size_t count);
    void write_by_ring(std::size_t count);

    line rested_;
    line busy_;
    pass now_ = 2;  // a new connection, written in pass 0, is rested
    std::array<std::shared_ptr<connection>, per_round> batch_;
    std::unique_ptr<send_ring> ring_;
};

}  // namespace chatterlink::net
