#include "load/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

constexpr std::size_t first_buffer_size = std::size_t{256} << 10U;

}  // namespace

event_loop::event_loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      buffer_(first_buffer_size) {
    epoll_event what{};
    what.events = EPOLLIN;
    what.data.ptr = nullptr;
    if (epoll_ < 0 || timer_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &what) != 0)
        throw could_not_run("the system gives no epoll or timer");
}

event_loop::~event_loop() {
    ::close(timer_);
    ::close(epoll_);
}

void event_loop::watch(int fd, watcher& w, bool also_writable) {
    epoll_event what{};
    what.events = EPOLLIN | (also_writable ? EPOLLOUT : 0U);
    what.data.ptr = &w;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &what) != 0)
        throw could_not_run("the system watches no more descriptors");
}

void event_loop::change(int fd, watcher& w, bool also_writable) {
    epoll_event what{};
    what.events = EPOLLIN | (also_writable ? EPOLLOUT : 0U);
    what.data.ptr = &w;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &what);
}

void event_loop::arm(nanoseconds until) {
    if (armed_ == until) return;
    armed_ = until;
    itimerspec when{};
    when.it_value.tv_sec = until / one_second;
    when.it_value.tv_nsec = until % one_second;
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void event_loop::turn(nanoseconds until) {
    const bool wait = until > now_ns();
    if (wait) arm(until);
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait ? -1 : 0);
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr != nullptr) {
            static_cast<watcher*>(event.data.ptr)->on_events(event.events);
            continue;
        }
        std::uint64_t times = 0;
        [[maybe_unused]] const auto read = ::read(timer_, &times, sizeof times);
        armed_ = 0;
    }
}

}  // namespace chatterlink::load
