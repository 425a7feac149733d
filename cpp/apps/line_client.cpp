#include "apps/line_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "apps/client_connect.hpp"
#include "apps/client_tls.hpp"
#include "apps/client_wake.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "chat/line_protocol.hpp"

namespace chatterlink::apps {

using base::errc;
using base::fail;
using base::failure;
using base::steady_now;
using base::steady_time;

// Locks, in the order they may be taken: lifecycle (start and stop), sending (one line at a time), queue.
struct line_client::impl {
    explicit impl(line_client_options o) : options(std::move(o)) {}

    const line_client_options options;

    std::mutex lifecycle;
    client_wake stop_wake;  // set: start() and the reader end
    client_wake room_wake;  // set: the queue has room again
    std::thread reader;

    std::mutex sending;
    int fd = -1;                      // written under lifecycle and sending; the reader's while it runs
    std::unique_ptr<client_tls> tls;  // as fd; null: plain

    mutable std::mutex queue;
    std::condition_variable arrived;
    std::deque<std::string> lines;
    std::size_t waiting_bytes = 0;
    bool over = true;      // no more lines will come
    bool started = false;  // start() succeeded once

    void start();
    void stop();
    void send_bytes(std::string_view bytes);
    void read_all();
    bool full() const;
    void take(std::span<const chat::line_item> items);
    void drain_and_close();
};

void line_client::impl::start() {
    const std::lock_guard life(lifecycle);
    {
        const std::lock_guard lock(queue);
        if (!over) return;
    }
    if (options.name.find_first_of("\r\n") != std::string::npos) {
        throw failure(fail(errc::name_invalid, "the name holds a newline"));
    }
    if (reader.joinable()) reader.join();  // the connection ended by itself
    drain_and_close();
    stop_wake.clear();
    const steady_time until = steady_now() + connect_limit;
    const int connected = connect_to(options.host, options.port, connect_limit, stop_wake.fd());
    std::unique_ptr<client_tls> secured;
    if (options.tls) {
        try {
            secured =
                std::make_unique<client_tls>(connected, options.host, options.tls_ca, until, stop_wake.fd());
        } catch (...) {
            ::close(connected);
            throw;
        }
    }
    {
        const std::scoped_lock lock(sending, queue);
        fd = connected;
        tls = std::move(secured);
        lines.clear();
        waiting_bytes = 0;
        over = false;
        started = true;
    }
    reader = std::thread([this] { read_all(); });
    if (!options.name.empty()) {
        const std::lock_guard lock(sending);
        send_bytes("/name " + options.name + "\n");
    }
}

void line_client::impl::stop() {
    stop_wake.set();
    const std::lock_guard life(lifecycle);
    if (reader.joinable()) reader.join();
    drain_and_close();
}

/// Closing a socket with unread bytes makes the system reset the connection, and the reset can overtake what
/// was sent last. So: say that no more comes, read what is left, and close once the server did.
void line_client::impl::drain_and_close() {
    const std::lock_guard lock(sending);
    if (fd < 0) return;
    if (tls) {
        const auto bytes = tls->goodbye();
        static_cast<void>(::send(fd, bytes.data(), bytes.size(), send_flags));
    }
    ::shutdown(fd, SHUT_WR);
    const steady_time until = steady_now() + close_limit;
    std::array<char, 16 * 1024> bytes{};
    pollfd wait{fd, POLLIN, 0};
    while (steady_now() < until) {
        const int ready = ::poll(&wait, 1, poll_timeout(until));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) break;
        const auto count = ::recv(fd, bytes.data(), bytes.size(), 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) break;
    }
    ::close(fd);
    fd = -1;
    tls.reset();
}

/// Holds `sending`. Throws io_failed and ends the connection when the server does not take the bytes.
void line_client::impl::send_bytes(std::string_view bytes) {
    const auto end_with = [this](const std::string& reason) {
        if (fd >= 0) ::shutdown(fd, SHUT_RDWR);  // wakes the reader, which tells the rest
        throw failure(fail(errc::io_failed, reason));
    };
    {
        const std::lock_guard lock(queue);
        if (over || fd < 0) throw failure(fail(errc::io_failed, "not connected"));
    }
    std::string encrypted;
    if (tls) {
        encrypted = tls->encrypt(bytes);
        if (encrypted.empty()) end_with("the connection is over");
        bytes = encrypted;
    }
    const steady_time until = steady_now() + send_limit;
    while (!bytes.empty()) {
        const auto count = ::send(fd, bytes.data(), bytes.size(), send_flags);
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) end_with("the connection is over");
        std::array<pollfd, 2> fds{{{fd, POLLOUT, 0}, {stop_wake.fd(), POLLIN, 0}}};
        const int ready = ::poll(fds.data(), fds.size(), poll_timeout(until));
        if (ready == 0) end_with("the server takes nothing");
        if (ready > 0 && fds[1].revents != 0) end_with("the connection was closed");
    }
}

bool line_client::impl::full() const {
    const std::lock_guard lock(queue);
    return lines.size() >= max_waiting_lines || waiting_bytes >= max_waiting_bytes;
}

void line_client::impl::take(std::span<const chat::line_item> items) {
    if (items.empty()) return;
    const std::lock_guard lock(queue);
    for (const chat::line_item& item : items) {
        lines.emplace_back(item.text);
        waiting_bytes += item.text.size();
    }
    arrived.notify_all();
}

/// The reader thread.
void line_client::impl::read_all() {
    chat::line_decoder decoder({.limit = max_received_line, .strict = false});
    std::array<char, 64 * 1024> bytes{};
    std::string plain;
    if (tls && tls->decrypt({}, plain)) take(decoder.feed(plain, steady_now()));  // came with the handshake
    std::array<pollfd, 3> fds{{{stop_wake.fd(), POLLIN, 0}, {room_wake.fd(), POLLIN, 0}, {fd, POLLIN, 0}}};
    while (true) {
        fds[2].fd = full() ? -1 : fd;
        if (::poll(fds.data(), fds.size(), poll_timeout(decoder.deadline())) < 0 && errno != EINTR) break;
        if (fds[0].revents != 0) break;
        if (fds[1].revents != 0) room_wake.clear();
        if (fds[2].fd >= 0 && fds[2].revents != 0) {
            const auto count = ::recv(fd, bytes.data(), bytes.size(), 0);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) break;
            if (count > 0) {
                std::string_view came(bytes.data(), static_cast<std::size_t>(count));
                plain.clear();
                const bool goes_on = !tls || tls->decrypt(came, plain);
                if (tls) came = plain;
                take(decoder.feed(came, steady_now()));
                if (!goes_on) break;
                continue;
            }
        }
        take(decoder.expire(steady_now()));
    }
    take(decoder.finish());
    const std::lock_guard lock(queue);
    over = true;
    arrived.notify_all();
}

line_client::line_client(line_client_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

line_client::~line_client() {
    stop();
}

void line_client::start() {
    impl_->start();
}

void line_client::stop() {
    impl_->stop();
}

bool line_client::connected() const noexcept {
    const std::lock_guard lock(impl_->queue);
    return !impl_->over;
}

void line_client::send(std::string_view line) {
    if (line.find('\n') != std::string_view::npos) {
        throw failure(fail(errc::message_invalid, "a line cannot hold a newline"));
    }
    if (line.size() > chat::max_line_bytes) {
        throw failure(
            fail(errc::message_too_long, "the line has " + std::to_string(line.size()) + " bytes, at most " +
                                             std::to_string(chat::max_line_bytes) + " are allowed"));
    }
    std::string bytes(line);
    bytes += '\n';
    const std::lock_guard lock(impl_->sending);
    impl_->send_bytes(bytes);
}

std::optional<std::string> line_client::receive(std::chrono::milliseconds timeout) {
    // A bounded wait: time points far in the future overflow inside the library.
    const auto until =
        steady_now() + std::clamp(timeout, base::milliseconds(0), base::milliseconds(1'000'000'000));
    std::unique_lock lock(impl_->queue);
    impl_->arrived.wait_until(lock, until, [this] { return !impl_->lines.empty() || impl_->over; });
    if (impl_->lines.empty()) return std::nullopt;
    const bool was_full =
        impl_->lines.size() >= max_waiting_lines || impl_->waiting_bytes >= max_waiting_bytes;
    std::string line = std::move(impl_->lines.front());
    impl_->lines.pop_front();
    impl_->waiting_bytes -= line.size();
    if (was_full) impl_->room_wake.set();
    return line;
}

bool line_client::ended() const noexcept {
    const std::lock_guard lock(impl_->queue);
    return impl_->started && impl_->over && impl_->lines.empty();
}

}  // namespace chatterlink::apps
