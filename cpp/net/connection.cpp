#include "net/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace chatterlink::net {
namespace {

constexpr std::size_t max_iovecs = 256;  // of one writev; IOV_MAX is 1024 on Linux

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int send_flags = MSG_DONTWAIT;
#endif

// `name` is getpeername or getsockname.
template <class Name>
endpoint endpoint_by(Name name, int handle) {
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    if (name(handle, reinterpret_cast<sockaddr*>(&where), &size) != 0) return {};
    char text[INET6_ADDRSTRLEN] = "";
    if (where.ss_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(where);
        ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
        return {text, ntohs(four.sin_port)};
    }
    if (where.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(where);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
            ::inet_ntop(AF_INET, six.sin6_addr.s6_addr + 12, text, sizeof text);
        } else {
            ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        }
        return {text, ntohs(six.sin6_port)};
    }
    return {};
}

}  // namespace

connection_counters& counters() noexcept {
    static connection_counters instance;
    return instance;
}

connection::connection(shard& home, socket s, const connection_limits& limits)
    : home_(&home), socket_(std::move(s)), limits_(limits) {
    home.adopt(*this);
    counters().open.fetch_add(1, std::memory_order_relaxed);
    counters().accepted.fetch_add(1, std::memory_order_relaxed);
}

connection::~connection() {
    counters().open.fetch_sub(1, std::memory_order_relaxed);
}

void connection::mark_dirty() {
    if (dirty_) return;
    dirty_ = true;
    home_->mark_dirty(shared_from_this());
}

send_outcome connection::send(base::buffer_ptr bytes, bool volatile_send) {
    if (state_ != state::open) return send_outcome::closed;
    if (queue_.bytes() + bytes->size() > limits_.max_queue && !queue_.empty()) {
        if (!waiting_writable_)
            flush();  // one round may queue more than the limit for a reader that keeps up
        if (state_ != state::open) return send_outcome::closed;
        if (queue_.bytes() + bytes->size() > limits_.max_queue && !queue_.empty()) {
            if (volatile_send) {
                counters().dropped_volatile.fetch_add(1, std::memory_order_relaxed);
                return send_outcome::dropped;
            }
            fail_slow();
            return send_outcome::closed;
        }
    }
    if (volatile_send && waiting_writable_) {
        counters().dropped_volatile.fetch_add(1, std::memory_order_relaxed);
        return send_outcome::dropped;  // the reader is behind already
    }
    queue_.push(std::move(bytes));
    if (!waiting_writable_) mark_dirty();
    return send_outcome::queued;
}

void connection::flush() {
    dirty_ = false;
    if (waiting_writable_ || state_ == state::closed || state_ == state::lingering) return;
    const bool had_something = !queue_.empty();
    std::array<iovec, max_iovecs> parts;
    while (!queue_.empty()) {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = queue_.gather(parts);
        const ssize_t n = ::sendmsg(socket_.native_handle(), &message, send_flags);
        if (n >= 0) {
            queue_.consume(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_writable();
            return;
        } else if (errno != EINTR) {
            finish();
            return;
        }
    }
    if (state_ == state::flushing) {
        linger();
    } else if (had_something && drained_) {
        drained_();
    }
}

void connection::wait_writable() {
    waiting_writable_ = true;
    if (!deadline_.pending()) home_->start_timer(deadline_, limits_.write_stall);
    socket_.async_wait(socket::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& failed) {
                           self->waiting_writable_ = false;
                           if (self->state_ == state::closed) return;
                           if (failed) return self->finish();
                           const std::size_t before = self->queue_.bytes();
                           self->flush();
                           // Progress, or done: the stall starts anew or is over.
                           if (self->queue_.bytes() != before && self->state_ != state::lingering)
                               self->deadline_.cancel();
                           if (self->waiting_writable_ && !self->deadline_.pending()) {
                               self->home_->start_timer(self->deadline_, self->limits_.write_stall);
                           }
                       });
}

void connection::on_deadline(void* self) {
    auto& c = *static_cast<connection*>(self);
    const auto keep = c.shared_from_this();
    if (c.state_ == state::open || c.state_ == state::flushing) {
        c.fail_slow();
    } else {
        c.finish();
    }
}

void connection::fail_slow() {
    counters().closed_slow.fetch_add(1, std::memory_order_relaxed);
    finish();
}

void connection::close_after_flush() {
    if (state_ != state::open) return;
    state_ = state::flushing;
    drained_ = nullptr;
    if (queue_.empty()) {
        linger();
    } else if (!waiting_writable_) {
        mark_dirty();
    }
}

void connection::linger() {
    state_ = state::lingering;
    boost::system::error_code ignored;
    socket_.shutdown(socket::shutdown_send, ignored);
    if (ignored) return finish();
    home_->start_timer(deadline_, limits_.linger);
    drain_and_discard();
}

void connection::drain_and_discard() {
    socket_.async_wait(
        socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
            if (self->state_ != state::lingering) return;
            if (failed) return self->finish();
            const auto room = self->home_->scratch();
            const ssize_t n = ::recv(self->socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return self->finish();
            self->drain_and_discard();
        });
}

void connection::finish() {
    if (state_ == state::closed) return;
    auto closed = std::move(closed_);
    close_now();
    // Later, not from here: whoever is sending to a row of connections must not find the row changed under
    // it.
    if (closed) boost::asio::post(home_->context(), std::move(closed));
}

void connection::close_now() {
    if (state_ == state::closed) return;
    state_ = state::closed;
    owner_ = nullptr;
    deadline_.cancel();
    queue_.clear();
    boost::system::error_code ignored;
    socket_.close(ignored);
    unwatch();
    // The callbacks may hold what owns this connection; dropping them breaks the circle. Not from inside one
    // of them, so they die later in this round.
    struct dropped {
        std::function<void()> drained, closed, end;
        std::function<void(std::string_view)> bytes;
    };
    auto gone = std::make_shared<dropped>();
    gone->drained.swap(drained_);
    gone->closed.swap(closed_);
    gone->end.swap(on_end_);
    gone->bytes.swap(on_bytes_);
    if (shard::current() == home_) boost::asio::post(home_->context(), [gone] {});
}

void connection::start_reading(std::function<void(std::string_view)> on_bytes, std::function<void()> on_end) {
    on_bytes_ = std::move(on_bytes);
    on_end_ = std::move(on_end);
    wait_readable();
}

void connection::resume_reading() {
    if (!reading_paused_) return;
    reading_paused_ = false;
    wait_readable();
}

void connection::wait_readable() {
    if (waiting_readable_ || state_ != state::open) return;
    waiting_readable_ = true;
    socket_.async_wait(
        socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
            self->waiting_readable_ = false;
            if (self->state_ != state::open || self->reading_paused_) return;
            if (failed) return self->finish();
            const auto room = self->home_->scratch();
            const ssize_t n = ::recv(self->socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
            if (n > 0) {
                self->on_bytes_({room.data(), static_cast<std::size_t>(n)});
            } else if (n == 0) {
                if (const auto end = std::move(self->on_end_)) end();
                return;
            } else if (errno != EAGAIN && errno != EINTR) {
                return self->finish();
            }
            if (!self->reading_paused_) self->wait_readable();
        });
}

void connection::watch_for_abort(std::function<void()> aborted) {
    aborted_ = std::move(aborted);
    const auto mine = ++watch_;
    socket_.async_wait(
        socket::wait_read, [self = shared_from_this(), mine](const boost::system::error_code& failed) {
            if (mine != self->watch_ || self->state_ != state::open) return;
            char byte = 0;
            const ssize_t n =
                failed ? -1 : ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (n > 0 || (n < 0 && !failed && (errno == EAGAIN || errno == EINTR))) return;
            if (const auto call = std::move(self->aborted_)) call();
        });
}

void connection::hand_over(shard& to, std::function<void()> then) {
    boost::system::error_code failed;
    const auto protocol_of = socket_.local_endpoint(failed).protocol();
    deadline_.cancel();
    unwatch();
    dirty_ = false;
    const auto handle = failed ? -1 : socket_.release(failed);
    if (failed) return finish();
    unlink();
    boost::asio::post(to.context(),
                      [self = shared_from_this(), &to, handle, protocol_of, go = std::move(then)] {
                          self->home_ = &to;
                          to.adopt(*self);
                          self->socket_ = socket(to.context(), protocol_of, handle);
                          self->waiting_writable_ = false;
                          if (!self->queue_.empty()) self->mark_dirty();
                          go();
                      });
}

endpoint connection::remote() const {
    return endpoint_by(&::getpeername, const_cast<socket&>(socket_).native_handle());
}

endpoint connection::local() const {
    return endpoint_by(&::getsockname, const_cast<socket&>(socket_).native_handle());
}

}  // namespace chatterlink::net
