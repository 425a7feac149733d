// The reading half of connection: plain or through TLS, for whoever asked.
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "net/connection.hpp"

namespace chatterlink::net {

connection::arrived connection::receive(std::span<char> room) {
    return tls_ ? receive_tls(room) : receive_plain(room, MSG_DONTWAIT);
}

connection::arrived connection::receive_plain(std::span<char> room, int flags) {
    const ssize_t n = ::recv(handle(), room.data(), room.size(), flags);
    if (n > 0) {
        // A short read has emptied the socket (epoll(7), "Do I need to continuously read"), except one that
        // ends at TCP's urgent mark: what its sender has put behind that is read with what comes next.
        if (static_cast<std::size_t>(n) < room.size()) readable_ = input_ended_;
        return {arrival::bytes, static_cast<std::size_t>(n)};
    }
    if (n == 0) return {arrival::end};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        readable_ = false;
        return {arrival::later};
    }
    return {errno == EINTR ? arrival::later : arrival::broken};
}

// ---- Whose turn it is ----

void connection::wait_for_input(input_for who) {
    input_for_ = who;
    if (!alive_) alive_ = shared_from_this();
    // What is thrown away is read past TLS, so what TLS still holds is no reason to read.
    const bool held = tls_ && who != input_for::discarding && tls_->has_input();
    if (readable_ || held) {
        // Not at once: others of its shard come first.
        if (!std::exchange(has_turn_, true)) home_->serve_soon(alive_);
    } else {
        home_->inputs().want_input(handle());
    }
}

void connection::on_ready(ready what) {
    if (what.ended) input_ended_ = true;
    if (what.input) readable_ = true;
    if (!alive_) return;  // nothing waits
    const bool write = what.output && waiting_writable_;
    const bool read = readable_ && input_for_ != input_for::nobody;
    if (!write) {
        if (read) serve_input();
        return;
    }
    const auto keep = input_for_ == input_for::nobody ? std::move(alive_) : alive_;
    if (read && !std::exchange(has_turn_, true)) home_->serve_soon(keep);
    serve_output();
}

void connection::on_turn() {
    has_turn_ = false;
    if (input_for_ != input_for::nobody) serve_input();
}

// Nothing of the connection is touched afterwards: it may be another shard's by then.
void connection::serve_input() {
    const auto keep = waiting_writable_ ? alive_ : std::move(alive_);
    switch (std::exchange(input_for_, input_for::nobody)) {
        case input_for::nobody:
            return;
        case input_for::reader:
            return give_to_reader();
        case input_for::read:
            return give_to_read();
        case input_for::call: {
            const auto call = std::exchange(calls_->readable, nullptr);
            return call(true);
        }
        case input_for::abort_watch:
            return look_for_abort();
        case input_for::discarding:
            return discard();
    }
}

void connection::cancel_reading() {
    const auto whose = std::exchange(input_for_, input_for::nobody);
    if (whose == input_for::call) {
        boost::asio::post(home_->context(),
                          [call = std::exchange(calls_->readable, nullptr)] { call(false); });
    } else if (whose == input_for::read) {
        boost::asio::post(home_->context(), [done = std::exchange(calls_->read, nullptr)] {
            done(boost::asio::error::operation_aborted, 0);
        });
    }
}

// ---- Who reads ----

void connection::resume_reading() {
    if (!reading_paused_) return;
    reading_paused_ = false;
    wait_for_reader();
}

void connection::wait_for_reader() {
    if (input_for_ == input_for::reader || reader_told_end_ || state_ != state::open) return;
    wait_for_input(input_for::reader);
}

void connection::give_to_reader() {
    if (state_ != state::open || reading_paused_) return;
    const auto room = home_->scratch();
    const auto got = receive(room);
    if (got.what == arrival::broken) return finish();
    if (got.what == arrival::end) {
        reader_told_end_ = true;
        if (reader_) reader_->on_end();
        return;
    }
    if (gap_) end_gap();
    if (got.what == arrival::bytes) {
        spoke_ = true;
        reader_->on_bytes({room.data(), got.bytes});
    }
    if (!reading_paused_) wait_for_reader();
}

void connection::when_readable(std::function<void(bool)> f) {
    if (state_ == state::closed) {
        boost::asio::post(home_->context(), [f = std::move(f)] { f(false); });
        return;
    }
    calls().readable = std::move(f);
    wait_for_input(input_for::call);
}

void connection::async_read(std::span<char> room, read_handler done) {
    if (state_ == state::closed) {
        boost::asio::post(home_->context(),
                          [done = std::move(done)] { done(boost::asio::error::operation_aborted, 0); });
        return;
    }
    calls().room = room;
    calls().read = std::move(done);
    wait_for_input(input_for::read);
}

void connection::give_to_read() {
    const auto got = receive(calls_->room);
    if (got.what == arrival::later) return wait_for_input(input_for::read);
    const auto done = std::exchange(calls_->read, nullptr);
    switch (got.what) {
        case arrival::bytes:
            return done({}, got.bytes);
        case arrival::end:
            return done(boost::asio::error::eof, 0);
        case arrival::broken:
        case arrival::later:
            return done(boost::asio::error::connection_reset, 0);
    }
}

void connection::watch_for_abort(std::function<void()> aborted) {
    if (state_ == state::closed) return;  // whoever owns it is told otherwise
    calls().aborted = std::move(aborted);
    wait_for_input(input_for::abort_watch);
}

void connection::look_for_abort() {
    if (state_ != state::open) return;
    const auto seen = look();
    if (seen == arrival::bytes) return;
    if (seen == arrival::later) return wait_for_input(input_for::abort_watch);
    if (const auto call = std::exchange(calls_->aborted, nullptr)) call();
}

// What still comes after the last word of a closed side.
void connection::discard() {
    if (state_ != state::lingering) return;
    const auto got = receive_plain(home_->scratch(), MSG_DONTWAIT);
    if (got.what == arrival::end || got.what == arrival::broken) return finish();
    wait_for_input(input_for::discarding);
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
