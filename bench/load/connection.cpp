#include "load/connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

// The buffer grows until it holds the largest message beside a good read.
constexpr std::size_t least_read = std::size_t{64} << 10U;
constexpr std::size_t kept_capacity = 16384;

}  // namespace

void connection::open(endpoint& to) {
    close();
    fd_ = to.open_socket();
    ++generation_;
    connecting_ = writable_wanted_ = true;
    loop_.watch(fd_, *this, true);
}

void connection::close() noexcept {
    if (fd_ < 0) return;
    const linger reset{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(fd_);
    fd_ = -1;
    output_.clear();
    sent_ = 0;
    tail_.clear();
}

void connection::fail(const std::string& why) {
    close();
    owner_.on_closed(*this, why);
}

void connection::on_events(unsigned events) {
    if (fd_ < 0) return;
    if (connecting_) return finish_connecting();
    if ((events & EPOLLOUT) != 0) flush();
    if (fd_ >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void connection::finish_connecting() {
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0) return fail("could not be made: " + reason(problem));
    connecting_ = false;
    owner_.on_connected(*this);
    flush();
}

// Once for each event: a full buffer shows again at the next turn, and others have theirs meanwhile.
void connection::read() {
    auto& buffer = loop_.read_buffer();
    const std::size_t before = tail_.size();
    if (buffer.size() < before + least_read) buffer.resize(2 * (before + least_read));
    std::memcpy(buffer.data(), tail_.data(), before);
    const auto count = ::recv(fd_, buffer.data() + before, buffer.size() - before, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) return fail("broke: " + reason(errno));
    if (count == 0) return fail("was closed by the server");
    const std::size_t size = before + static_cast<std::size_t>(count);
    const auto generation = generation_;
    const std::size_t used = owner_.on_bytes(*this, buffer.data(), size, now_ns());
    if (fd_ < 0 || generation != generation_) return;  // closed, or another connection by now
    tail_.assign(buffer.data() + used, size - used);
    flush();
}

void connection::flush() {
    if (fd_ < 0 || connecting_ || output_.empty()) return;
    const auto sent = ::send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail("broke: " + reason(errno));
    if (sent > 0) sent_ += static_cast<std::size_t>(sent);
    if (sent_ == output_.size()) {
        output_.clear();
        sent_ = 0;
        if (output_.capacity() > kept_capacity) output_.shrink_to_fit();
    } else if (sent_ > output_.size() / 2) {
        output_.erase(0, sent_);
        sent_ = 0;
    }
    if (output_.size() > max_output) return fail("was given up: the server takes nothing any more");
    want_writable(!output_.empty());
}

void connection::want_writable(bool wanted) {
    if (writable_wanted_ == wanted) return;
    writable_wanted_ = wanted;
    loop_.change(fd_, *this, wanted);
}

}  // namespace chatterlink::load
