// The reading half of connection: plain or through TLS, for whoever asked.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/connection.hpp"

namespace chatterlink::net {

connection::arrived connection::receive(std::span<char> room) {
    return tls_ ? receive_tls(room) : receive_plain(room, MSG_DONTWAIT);
}

connection::arrived connection::receive_plain(std::span<char> room, int flags) {
    const ssize_t n = ::recv(socket_.native_handle(), room.data(), room.size(), flags);
    if (n > 0) return {arrival::bytes, static_cast<std::size_t>(n)};
    if (n == 0) return {arrival::end};
    return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? arrival::later : arrival::broken};
}

void connection::resume_reading() {
    if (!reading_paused_) return;
    reading_paused_ = false;
    wait_readable();
}

void connection::wait_readable() {
    if (waiting_readable_ || input_ended_ || state_ != state::open) return;
    waiting_readable_ = true;
    when_readable([self = shared_from_this()](bool usable) {
        self->waiting_readable_ = false;
        if (self->state_ != state::open || self->reading_paused_) return;
        if (!usable) return self->finish();
        const auto room = self->home_->scratch();
        const auto got = self->receive(room);
        if (got.what == arrival::broken) return self->finish();
        if (got.what == arrival::end) {
            self->input_ended_ = true;
            if (self->reader_) self->reader_->on_end();
            return;
        }
        if (self->gap_) self->end_gap();
        if (got.what == arrival::bytes) self->reader_->on_bytes({room.data(), got.bytes});
        if (!self->reading_paused_) self->wait_readable();
    });
}

void connection::async_read(std::span<char> room, read_handler done) {
    when_readable([self = shared_from_this(), room, done = std::move(done)](bool usable) {
        if (!usable || self->state_ == state::closed) return done(boost::asio::error::operation_aborted, 0);
        const auto got = self->receive(room);
        switch (got.what) {
            case arrival::bytes:
                return done({}, got.bytes);
            case arrival::later:
                return self->async_read(room, done);
            case arrival::end:
                return done(boost::asio::error::eof, 0);
            case arrival::broken:
                return done(boost::asio::error::connection_reset, 0);
        }
    });
}

void connection::watch_for_abort(std::function<void()> aborted) {
    calls().aborted = std::move(aborted);
    watch(++watch_);
}

void connection::watch(std::uint32_t mine) {
    when_readable([self = shared_from_this(), mine](bool usable) {
        if (mine != self->watch_ || self->state_ != state::open) return;  // in this order: it may have moved
        const auto seen = usable ? self->look() : arrival::broken;
        if (seen == arrival::bytes) return;
        if (seen == arrival::later) return self->watch(mine);
        if (!self->calls_) return;
        if (const auto call = std::exchange(self->calls_->aborted, nullptr)) call();
    });
}

// What a read would come to, without taking anything that belongs to a request.
connection::arrival connection::look() {
    if (!tls_) {
        char byte = 0;
        return receive_plain({&byte, 1}, MSG_PEEK | MSG_DONTWAIT).what;
    }
    for (;;) {
        const auto step = tls_->peek();
        if (!tls_->output().empty()) mark_dirty();
        if (step == tls_step::done) return arrival::bytes;
        if (step != tls_step::want_more) return arrival::end;
        if (const auto came = fetch_tls(); came != arrival::bytes) return came;
    }
}

}  // namespace chatterlink::net
