// One accepted stream socket (TCP or Unix) and what waits to be written on it.
//
// Lives on one shard and is touched by that shard's thread only. Writing: send() queues, the shard flushes at
// the end of its round with writev. Reading is done by whoever owns the protocol: Beast through
// queued_stream, or start_reading() for plain bytes; one of them at a time. What waits for the socket keeps
// the connection alive. It may move to another shard between two requests (hand_over).
//
// With TLS (use_tls) what is queued is encrypted when it is written, not earlier: the queue holds plain
// shared buffers either way, bounded alike. Without, none of that costs more than a look at a pointer.
#pragma once

#include <atomic>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "net/endpoint.hpp"
#include "net/reactor.hpp"
#include "net/readiness.hpp"
#include "net/send_queue.hpp"
#include "net/tls_engine.hpp"

namespace chatterlink::net {

struct connection_limits {
    // Bytes waiting to be written before the reader counts as too slow: so many for longer than `catch_up`,
    // or `burst` times as many at any time.
    std::size_t max_queue = 1024 * 1024;
    base::milliseconds catch_up{2'000};
    std::size_t burst = 4;
    // A reader for whom something waits is closed when it takes less than `stall_bytes` in this time.
    base::milliseconds write_stall{10'000};
    std::size_t stall_bytes = 8 * 1024;
    base::milliseconds linger{2'000};          // how long a closed side still reads what the peer sends
    base::milliseconds tls_handshake{10'000};  // from the accepted socket to the end of the TLS handshake
};

/// Counted over all connections of the process; read by the metrics. Any thread.
struct connection_counters {
    std::atomic<std::uint64_t> open{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> closed_slow{0};    // queue full or stalled
    std::atomic<std::uint64_t> accept_pauses{0};  // waits for descriptors before more are accepted
    std::atomic<std::uint64_t> dropped_volatile{0};
};
connection_counters& counters() noexcept;

/// Whoever speaks the protocol on a connection, as far as an orderly end goes.
class connection_owner {
  public:
    virtual ~connection_owner() = default;
    /// The process ends: finish what is under way, start nothing new.
    virtual void shutting_down() = 0;
};

/// Who takes what arrives on a connection (connection::read_with). Called on the connection's shard, never
/// from inside one of its members.
class byte_reader {
  public:
    virtual ~byte_reader() = default;
    /// Valid during the call.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// The end of the stream, once.
    virtual void on_end() = 0;
    /// The connection is over for whatever reason except close_now() by its owner; once, last.
    virtual void on_closed() = 0;
};

class connection final : public connection_hook,
                         public ready_hook,
                         public std::enable_shared_from_this<connection> {
  public:
    /// `socket`: connected, and does not block. On `home`'s thread.
    connection(shard& home, base::descriptor socket, std::uint16_t local_port,
               const connection_limits& limits);
    ~connection() override;

    shard& home() noexcept { return *home_; }
    bool open() const noexcept { return state_ == state::open; }

    /// Queues bytes. A full queue is first offered to the kernel; if that does not take it, a volatile send
    /// is dropped. Any other is queued still, and the reader has some time to catch up (catch_up_list.hpp);
    /// then, and when the queue is many times too full, the connection is closed (slow consumer).
    send_outcome send(const base::buffer_ptr& bytes, bool volatile_send = false);
    /// The parts of one message: all of them or none, and the limits count them as one.
    send_outcome send_parts(std::span<const base::buffer_ptr> parts, bool volatile_send = false);

    /// From its shard's catch_up_list. `offer`: what waits, to the kernel. False when it has caught up or is
    /// closed, also because its time is over.
    bool catch_up(bool offer, bool time_is_over);

    /// Bytes queued and not yet taken by the kernel.
    std::size_t queued_bytes() const noexcept { return queue_.bytes() + (tls_ ? tls_->output().size() : 0); }

    /// Writes what the kernel takes now. Called by the shard's flush_list at its turn, in its pass `now`.
    void flush(flush_list::pass now);

    /// The same in three steps, for whoever sends for many connections at once. What is to be sent, if it is
    /// one plain buffer; else empty, and flush() does it.
    std::string_view begin_flush(flush_list::pass now) noexcept;
    /// The socket; -1 when it is closed.
    int handle() const noexcept { return socket_.get(); }
    /// What came of it, as a send(2) returns it, or -errno. Calls nobody.
    void sent(std::ptrdiff_t result);
    /// When sent() has been called for all of them: writes on if need be, tells who waits for an empty queue.
    void end_flush();

    /// send() or flush() comes soon: has what they will touch brought into the cache. And sooner, what it
    /// leads a flush to.
    void expect_use() const noexcept {
        __builtin_prefetch(this);
        __builtin_prefetch(reinterpret_cast<const char*>(this) + 64);
        __builtin_prefetch(reinterpret_cast<const char*>(this) + 128);
    }
    void expect_flush_soon() const noexcept { queue_.expect_gather(); }

    /// Its peer has sent something since it was written to.
    bool spoke() const noexcept { return spoke_; }

    /// Writes what is queued now, and what is queued later not before `gap` (rounded up to the timers' tick)
    /// or before the peer has sent something: it finds the two in different reads.
    void flush_apart(base::milliseconds gap);

    /// Called (once each time) when the queue has become empty after a flush. Replaces an earlier one.
    void on_drained(std::function<void()> f);

    /// Who is told of the end of the process; empty for nobody. Whoever is gone by then is not told: an owner
    /// may die on another shard than the one its connection has been handed over to.
    void set_owner(std::weak_ptr<connection_owner> owner) noexcept { owner_ = std::move(owner); }
    std::shared_ptr<connection_owner> owner() const noexcept { return owner_.lock(); }

    /// Writes what is queued, then closes; what the peer still sends is read and thrown away for a while, so
    /// that the last bytes reach it (RFC 9112 §9.6).
    void close_after_flush();

    /// Closes at once; what is queued is lost. No callback.
    void close_now();

    /// Plain byte streams: who takes what arrives once start_reading() was called, and hears of the end.
    /// Held until the connection is over. Bytes are read into the shard's scratch space, so an idle
    /// connection holds no read buffer.
    void read_with(std::shared_ptr<byte_reader> reader) noexcept;
    void start_reading() { wait_for_reader(); }
    /// Stops asking for more bytes until resume_reading(): TCP back-pressure to the peer.
    void pause_reading() noexcept { reading_paused_ = true; }
    void resume_reading();

    /// Calls `aborted` if the peer closes while nothing is being read (a held long poll). Data that arrives
    /// instead ends the watch. cancel with unwatch().
    void watch_for_abort(std::function<void()> aborted);
    void unwatch() noexcept;

    /// Moves the connection to another shard and continues there. Only with no read under way. Queued bytes
    /// move too.
    void hand_over(shard& to, std::function<void()> then);

    /// Everything from now on goes through TLS; before anything is read or sent. For start_tls()
    /// (tls_handshake.hpp), which also calls advance_handshake() until it is done.
    void use_tls(std::unique_ptr<tls_engine> engine) noexcept { tls_ = std::move(engine); }
    const tls_engine* tls() const noexcept { return tls_.get(); }
    bool secure() const noexcept { return tls_ != nullptr; }
    tls_step advance_handshake();

    /// Reads some bytes into the room, which stays until `done` (error, bytes) is called, later, on the
    /// shard: eof at the end of the stream, operation_aborted after cancel_reading() or a close. One at a
    /// time.
    using read_handler = std::function<void(const boost::system::error_code&, std::size_t)>;
    void async_read(std::span<char> room, read_handler done);

    /// Calls f(usable), later, when there may be something to read; usable is false when the wait was
    /// cancelled or the connection closed. f finds out whether the connection is still open.
    void when_readable(std::function<void(bool)> f);

    /// Ends what async_read() or when_readable() has begun.
    void cancel_reading();

    /// From its shard's readiness.
    void on_ready(ready what) override;
    /// From its shard, after shard::serve_soon().
    void on_turn();

    const connection_limits& limits() const noexcept { return limits_; }

    /// The peer's address as text without port ("127.0.0.1", "::1", "" for a Unix socket).
    std::string remote_address() const { return remote().address; }
    /// Empty and 0 for a Unix socket or one that is closed.
    endpoint remote() const;
    /// The port of this side; 0 for a Unix socket.
    std::uint16_t local_port() const noexcept { return local_port_; }

  private:
    enum class state : std::uint8_t { open, flushing, lingering, closed };

    // What a read came to. Broken: with an error, or, under TLS, without the peer's goodbye.
    enum class arrival : std::uint8_t { bytes, later, end, broken };
    struct arrived {
        arrival what;
        std::size_t bytes = 0;
    };
    // Who waits for input; one at a time.
    enum class input_for : std::uint8_t { nobody, reader, read, call, abort_watch, discarding };
    // For the peer to take what is queued, or to go.
    struct deadline {
        explicit deadline(connection& whose) : when(&connection::on_deadline, &whose) {}
        timer when;
        std::size_t in_kernel = 0;  // what the kernel had left to bring to the peer when the time began
        unsigned looks = 0;         // at what it has left now, since then
    };
    // What connections seldom want to hear of, or not for long.
    struct callbacks {
        std::function<void()> drained;
        std::function<void()> aborted;
        std::function<void(bool)> readable;
        read_handler read;
        std::span<char> room;  // to read into
    };
    callbacks& calls();

    void enter(shard& home);
    void leave() noexcept;

    arrived receive(std::span<char> room);
    arrived receive_plain(std::span<char> room, int flags);
    arrived receive_tls(std::span<char> room);
    arrival fetch_tls();

    void wait_for_input(input_for who);
    void wait_for_reader();
    void serve_input();
    void give_to_reader();
    void give_to_read();
    void wait_writable();
    void serve_output();
    send_outcome admit(std::size_t size, bool volatile_send);
    send_outcome make_room(std::size_t size, bool volatile_send);
    bool write_now();
    bool write_some();
    bool write_again();
    void tell_drained();
    bool encrypt_some();
    void end_gap();
    void look_for_abort();
    arrival look();
    void say_goodbye();
    void mark_dirty();
    void linger();
    void discard();
    void fail_slow(const std::string& why);
    void finish();
    void start_deadline(base::milliseconds delay);
    void start_stall();
    bool may_go_on();
    static void on_deadline(void* self);

    // What a send and a flush touch, side by side: with many members in a room none of it is in the cache.
    shard* home_;
    send_queue queue_;
    std::unique_ptr<tls_engine> tls_;     // null: plain
    std::unique_ptr<timer> gap_;          // of flush_apart(); null: nothing is held back
    std::unique_ptr<deadline> deadline_;  // null: none
    std::unique_ptr<callbacks> calls_;    // null: none
    state state_ = state::open;
    bool dirty_ = false;
    bool spoke_ = false;
    bool waiting_writable_ = false;
    bool catching_up_ = false;  // in its shard's list
    bool reading_paused_ = false;
    bool reader_told_end_ = false;
    bool readable_ = false;     // a read may find something; the system tells only when that begins
    bool input_ended_ = false;  // … and it stays so
    bool has_turn_ = false;     // in its shard's line (serve_soon)
    input_for input_for_ = input_for::nobody;
    std::uint16_t local_port_;
    base::descriptor socket_;
    flush_list::pass written_ = 0;
    // The rest.
    std::shared_ptr<connection> alive_;  // itself, while something waits for the socket
    const connection_limits& limits_;
    std::weak_ptr<connection_owner> owner_;
    std::shared_ptr<byte_reader> reader_;
};

}  // namespace chatterlink::net
