#include "net/connection.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "base/log.hpp"

namespace chatterlink::net {
namespace {

// What a round may put on top of a queue that is full: this part of what may wait in it.
constexpr std::size_t shares_of_a_round = 8;

constexpr unsigned looks_in_a_stall = 4;  // at what has gone meanwhile

constexpr std::size_t max_iovecs = 256;  // of one writev; IOV_MAX is 1024 on Linux

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int send_flags = MSG_DONTWAIT;
#endif

bool anything_in(const send_queue& queue, const tls_engine* tls) noexcept {
    return !queue.empty() || (tls != nullptr && !tls->output().empty());
}

ssize_t write_parts(int handle, std::span<iovec> parts) noexcept {
    // The usual case, one message for one connection, spares the kernel the look at an array.
    if (parts.size() == 1) return ::send(handle, parts[0].iov_base, parts[0].iov_len, send_flags);
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(handle, &message, send_flags);
}

// What the peer has not acknowledged yet; 0 where the system does not tell.
std::size_t bytes_in_kernel(int handle) noexcept {
#ifdef SIOCOUTQ
    int bytes = 0;
    if (::ioctl(handle, SIOCOUTQ, &bytes) == 0 && bytes > 0) return static_cast<std::size_t>(bytes);
#else
    (void)handle;
#endif
    return 0;
}

}  // namespace

connection_counters& counters() noexcept {
    static connection_counters instance;
    return instance;
}

connection::connection(shard& home, base::descriptor socket, std::uint16_t local_port,
                       const connection_limits& limits)
    : home_(&home), local_port_(local_port), socket_(std::move(socket)), limits_(limits) {
    enter(home);
    counters().open.fetch_add(1, std::memory_order_relaxed);
    counters().accepted.fetch_add(1, std::memory_order_relaxed);
}

connection::~connection() {
    // If nobody has closed it: then it dies where it lives, or its threads have ended.
    if (socket_) queue_.clear(home_->nodes());
    leave();
    counters().open.fetch_sub(1, std::memory_order_relaxed);
}

// Becomes one of the shard's connections.
void connection::enter(shard& home) {
    home_ = &home;
    readable_ = false;
    waiting_writable_ = false;
    if (home.inputs().add(handle(), *this)) return home.adopt(*this);
    spdlog::warn("a connection was given up: the system watches no further socket");
    socket_.close();
    state_ = state::closed;
}

// Closes the socket.
void connection::leave() noexcept {
    if (!socket_) return;
    home_->inputs().remove(handle(), *this);
    socket_.close();
}

connection::callbacks& connection::calls() {
    if (!calls_) calls_ = std::make_unique<callbacks>();
    return *calls_;
}

void connection::on_drained(std::function<void()> f) {
    if (f || calls_) calls().drained = std::move(f);
}

void connection::unwatch() noexcept {
    if (input_for_ == input_for::abort_watch) input_for_ = input_for::nobody;
    if (calls_) calls_->aborted = nullptr;
}

void connection::read_with(std::shared_ptr<byte_reader> reader) noexcept {
    reader_ = std::move(reader);
    // What HTTP has needed before is not kept for as long as a WebSocket lives.
    if (calls_ && input_for_ == input_for::nobody && !calls_->drained) calls_.reset();
}

void connection::mark_dirty() {
    if (dirty_) return;
    home_->flushes().add(shared_from_this(), written_);
    dirty_ = true;
}

// Whether a message of that size may be queued.
inline send_outcome connection::admit(std::size_t size, bool volatile_send) {
    if (state_ != state::open) return send_outcome::closed;
    if (const auto waits = queued_bytes(); waits + size > limits_.max_queue && waits > 0) {
        if (const auto came = make_room(size, volatile_send); came != send_outcome::queued) return came;
    }
    if (volatile_send && waiting_writable_) {
        counters().dropped_volatile.fetch_add(1, std::memory_order_relaxed);
        return send_outcome::dropped;  // the reader is behind already
    }
    return send_outcome::queued;
}

send_outcome connection::send(const base::buffer_ptr& bytes, bool volatile_send) {
    const auto came = admit(bytes->size(), volatile_send);
    if (came != send_outcome::queued) return came;
    queue_.push(bytes, home_->nodes());
    if (!waiting_writable_ && !dirty_) mark_dirty();
    return came;
}

send_outcome connection::send_parts(std::span<const base::buffer_ptr> parts, bool volatile_send) {
    const auto came = admit(base::size_of(parts), volatile_send);
    if (came != send_outcome::queued) return came;
    for (const auto& part : parts) queue_.push(part, home_->nodes());
    if (!waiting_writable_ && !dirty_) mark_dirty();
    return came;
}

// For a queue that is full; `queued` means that there is room, or time to make it.
send_outcome connection::make_room(std::size_t size, bool volatile_send) {
    if (!waiting_writable_)
        write_now();  // one round may queue more than the limit for a reader that keeps up
    if (state_ != state::open) return send_outcome::closed;
    const auto would_wait = queued_bytes() + size;
    if (would_wait <= limits_.max_queue || would_wait == size) return send_outcome::queued;
    if (volatile_send) {
        counters().dropped_volatile.fetch_add(1, std::memory_order_relaxed);
        return send_outcome::dropped;
    }
    if (would_wait / limits_.burst > limits_.max_queue) {
        fail_slow("more than " + std::to_string(limits_.max_queue * limits_.burst) +
                  " bytes would wait for it");
        return send_outcome::closed;
    }
    auto& list = home_->catching_up();
    const bool fresh = !catching_up_;
    if (fresh) list.add(shared_from_this(), limits_.catch_up);
    catching_up_ = true;
    if (list.added(size, limits_.max_queue / shares_of_a_round) || fresh) home_->end_round();
    return send_outcome::queued;
}

bool connection::catch_up(bool offer, bool time_is_over) {
    const auto writes = [this] { return state_ == state::open || state_ == state::flushing; };
    catching_up_ = false;
    if (!writes()) return false;
    const bool had_something = offer && write_again();
    if (!writes()) return false;
    if (queued_bytes() <= limits_.max_queue) {
        if (!waiting_writable_ && input_for_ == input_for::nobody)
            alive_.reset();  // the list keeps it for now
        if (had_something) tell_drained();
        return false;
    }
    if (time_is_over) {
        fail_slow("more than " + std::to_string(limits_.max_queue) + " bytes waited for it for longer than " +
                  std::to_string(limits_.catch_up.count()) + " ms");
        return false;
    }
    return catching_up_ = true;
}

void connection::flush(flush_list::pass now) {
    dirty_ = spoke_ = false;
    written_ = now;
    if (gap_ && state_ == state::open) return;
    write_now();
}

std::string_view connection::begin_flush(flush_list::pass now) noexcept {
    if (tls_ || gap_ || waiting_writable_ || state_ != state::open) return {};
    const auto only = queue_.only();
    if (only.empty()) return {};
    dirty_ = spoke_ = false;
    written_ = now;
    return only;
}

void connection::sent(std::ptrdiff_t result) {
    if (result >= 0) {
        queue_.consume(static_cast<std::size_t>(result), home_->nodes());
    } else if (result == -EAGAIN || result == -EWOULDBLOCK) {
        wait_writable();
    } else if (result != -EINTR) {
        finish();
    }
}

void connection::end_flush() {
    if (state_ == state::closed || waiting_writable_) return;
    if (!queue_.empty()) {
        write_now();
    } else if (calls_ && calls_->drained) {
        calls_->drained();
    }
}

void connection::flush_apart(base::milliseconds gap) {
    write_now();
    if (state_ != state::open || waiting_writable_) return;  // a peer that is behind is told in pieces anyway
    gap_ = std::make_unique<timer>([](void* self) { static_cast<connection*>(self)->end_gap(); }, this);
    home_->start_timer(*gap_, gap);
}

void connection::end_gap() {
    gap_.reset();
    if (queued_bytes() > 0 && !waiting_writable_) mark_dirty();
}

// True when the kernel took something.
bool connection::write_now() {
    const bool had_something = anything_in(queue_, tls_.get());
    const bool progress = write_some();
    if (had_something) tell_drained();
    return progress;
}

// If it is so. Last of all: it may have moved to another shard then.
void connection::tell_drained() {
    if (waiting_writable_ || !queue_.empty() || state_ == state::closed || state_ == state::lingering) return;
    if (calls_ && calls_->drained) calls_->drained();
}

// The same without telling whoever waits for the queue to drain.
bool connection::write_some() {
    if (waiting_writable_ || state_ == state::closed || state_ == state::lingering) return false;
    bool progress = false;
    std::array<iovec, max_iovecs> parts;
    for (;;) {
        ssize_t n = 0;
        if (tls_) {
            if (!encrypt_some()) {
                finish();
                return progress;
            }
            const auto bytes = tls_->output();
            if (bytes.empty()) break;
            n = ::send(handle(), bytes.data(), bytes.size(), send_flags);
        } else {
            if (queue_.empty()) break;
            n = write_parts(handle(), std::span(parts).first(queue_.gather(parts)));
        }
        if (n >= 0) {
            progress = true;
            if (tls_) {
                tls_->sent(static_cast<std::size_t>(n));
            } else {
                queue_.consume(static_cast<std::size_t>(n), home_->nodes());
            }
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_writable();
            return progress;
        } else if (errno != EINTR) {
            finish();
            return progress;
        }
    }
    if (state_ == state::flushing) linger();
    return progress;
}

void connection::wait_writable() {
    waiting_writable_ = true;
    if (!deadline_) start_stall();
    if (!alive_) alive_ = shared_from_this();
    home_->inputs().want_output(handle(), *this);
}

void connection::serve_output() {
    const bool had_something = write_again();
    if (had_something) tell_drained();
}

// After the kernel took no more. True when something was waiting.
bool connection::write_again() {
    const bool had_something = anything_in(queue_, tls_.get());
    waiting_writable_ = false;
    if (state_ == state::closed) return false;
    // Progress, or done: the stall starts anew or is over.
    if (write_some() && state_ != state::lingering) deadline_.reset();
    if (waiting_writable_ && !deadline_) start_stall();
    return had_something;
}

void connection::start_deadline(base::milliseconds delay) {
    if (!deadline_) deadline_ = std::make_unique<deadline>(*this);
    home_->start_timer(deadline_->when, delay);
}

void connection::start_stall() {
    start_deadline(limits_.write_stall / looks_in_a_stall);
    deadline_->in_kernel = bytes_in_kernel(handle());
    deadline_->looks = 0;
}

// Whether a peer that the kernel takes nothing more for still reads: it takes more only once a third of its
// megabytes have gone, for which a slow reader may need longer than it may stall. Looked at several times, so
// that the time counts from about when the peer last took something.
bool connection::may_go_on() {
    if (bytes_in_kernel(handle()) + limits_.stall_bytes <= deadline_->in_kernel) {
        start_stall();
        return true;
    }
    if (++deadline_->looks >= looks_in_a_stall) return false;
    start_deadline(limits_.write_stall / looks_in_a_stall);
    return true;
}

void connection::on_deadline(void* self) {
    auto& c = *static_cast<connection*>(self);
    const auto keep = c.shared_from_this();
    if (c.state_ == state::open || c.state_ == state::flushing) {
        if (c.may_go_on()) return;
        c.fail_slow("it took less than " + std::to_string(c.limits_.stall_bytes) + " bytes in " +
                    std::to_string(c.limits_.write_stall.count()) + " ms");
    } else {
        c.finish();
    }
}

void connection::fail_slow(const std::string& why) {
    spdlog::warn("a client that is too slow is closed ({}): {}", remote_address(), why);
    counters().closed_slow.fetch_add(1, std::memory_order_relaxed);
    // With a reset: what the kernel holds for such a reader, megabytes of it, would wait for it for minutes.
    const struct ::linger at_once { 1, 0 };
    ::setsockopt(handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    finish();
}

void connection::close_after_flush() {
    if (state_ != state::open) return;
    state_ = state::flushing;
    on_drained(nullptr);
    if (queue_.empty() && !tls_) {
        linger();
    } else if (!waiting_writable_) {
        mark_dirty();
    }
}

void connection::linger() {
    state_ = state::lingering;
    if (::shutdown(handle(), SHUT_WR) != 0) return finish();
    start_deadline(limits_.linger);
    cancel_reading();
    wait_for_input(input_for::discarding);
}

void connection::finish() {
    if (state_ == state::closed) return;
    const auto reader = reader_;
    close_now();
    // Later, not from here: whoever is sending to a row of connections must not find the row changed under
    // it.
    if (reader) boost::asio::post(home_->context(), [reader] { reader->on_closed(); });
}

// Before the socket is closed at once: the goodbye if nothing is missing before it, or the alert that is due,
// as far as the kernel takes it.
void connection::say_goodbye() {
    if (queue_.empty()) tls_->shut_down();
    const auto bytes = tls_->output();
    if (waiting_writable_ || bytes.empty()) return;
    static_cast<void>(::send(handle(), bytes.data(), bytes.size(), send_flags));
}

void connection::close_now() {
    if (state_ == state::closed) return;
    if (tls_ && state_ != state::lingering) say_goodbye();
    state_ = state::closed;
    unlink();  // here, where it belongs: its last reference may be dropped on the shard it came from
    owner_.reset();
    deadline_.reset();
    gap_.reset();
    queue_.clear(home_->nodes());
    leave();
    cancel_reading();
    waiting_writable_ = false;
    // They may hold what owns this connection; dropping them breaks the circle. Not from inside one of them,
    // so they die later in this round.
    if (shard::current() == home_) {
        boost::asio::post(home_->context(), [reader = std::move(reader_), alive = std::move(alive_),
                                             calls = std::shared_ptr<callbacks>(std::move(calls_))] {});
    }
    reader_.reset();
    calls_.reset();
    const auto until_here = std::move(alive_);
}

void connection::hand_over(shard& to, std::function<void()> then) {
    if (dirty_ || gap_) {  // what is due here must not meet the connection at work there
        boost::asio::post(home_->context(), [self = shared_from_this(), &to, then = std::move(then)] {
            if (self->state_ == state::open) self->hand_over(to, then);
        });
        return;
    }
    if (state_ == state::closed) return;
    auto me = shared_from_this();
    deadline_.reset();
    unwatch();
    home_->inputs().remove(handle(), *this);
    home_->forget_turn(*this);
    has_turn_ = false;
    home_->catching_up().remove(*this);
    catching_up_ = false;
    alive_.reset();
    unlink();
    queue_.detach(home_->nodes());
    boost::asio::post(to.context(), [self = std::move(me), &to, go = std::move(then)] {
        self->enter(to);
        if (self->queued_bytes() > 0) self->mark_dirty();
        go();
    });
}

endpoint connection::remote() const {
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    auto* const generic = reinterpret_cast<sockaddr*>(&where);
    return ::getpeername(handle(), generic, &size) == 0 ? endpoint_of(*generic) : endpoint{};
}

}  // namespace chatterlink::net
