#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <exception>
#include <string>
#include <system_error>

#include "micro/sending.hpp"

namespace chatterlink::micro {
namespace {

constexpr std::size_t message_size = 240;  // a text of 100 bytes as Socket.IO event in a WebSocket frame

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

double seconds(clockid_t clock) {
    timespec now{};
    checked(::clock_gettime(clock, &now), "clock_gettime");
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Keeps this thread on the n-th of the CPUs it may use (on the last when there are fewer) while it lives.
class on_cpu {
  public:
    explicit on_cpu(int n) {
        CPU_ZERO(&before_);
        checked(::sched_getaffinity(0, sizeof before_, &before_), "sched_getaffinity");
        cpu_set_t one;
        CPU_ZERO(&one);
        for (int cpu = 0; cpu < CPU_SETSIZE && n >= 0; ++cpu) {
            if (!CPU_ISSET(cpu, &before_)) continue;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            --n;
        }
        checked(::sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
    }
    ~on_cpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
    on_cpu(const on_cpu&) = delete;
    on_cpu& operator=(const on_cpu&) = delete;

  private:
    cpu_set_t before_{};
};

void allow_descriptors() {
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

void close_descriptor(int& descriptor) noexcept {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
}

}  // namespace

crowd::crowd(std::size_t size) {
    try {
        allow_descriptors();
        poll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
        connect_all(size);
        reader_ = std::thread([this] { read_until_stopped(); });
    } catch (...) {
        close_all();
        throw;
    }
}

crowd::~crowd() {
    stop_ = true;
    read_up_to(received_ + 1);  // it may be waiting for a task
    reader_.join();
    close_all();
}

void crowd::connect_all(std::size_t size) {
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    far_.push_back(listener);  // closed with them
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    checked(::bind(listener, address, length), "bind");
    checked(::listen(listener, 1), "listen");
    checked(::getsockname(listener, address, &length), "getsockname");
    for (std::size_t i = 0; i < size; ++i) {
        far_.push_back(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        checked(::connect(far_.back(), address, length), "connect");
        near_.push_back(
            checked(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK), "accept4"));
        const int on = 1;
        checked(::setsockopt(near_.back(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
        epoll_event readable{};
        readable.events = EPOLLIN;
        readable.data.fd = far_.back();
        checked(::epoll_ctl(poll_, EPOLL_CTL_ADD, far_.back(), &readable), "epoll_ctl");
    }
}

void crowd::close_all() noexcept {
    // With a reset: no port is held for a minute afterwards.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (auto& each : far_) {
        ::setsockopt(each, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close_descriptor(each);
    }
    for (auto& each : near_) close_descriptor(each);
    close_descriptor(poll_);
}

void crowd::read_until_stopped() {
    const on_cpu second(1);
    std::array<epoll_event, 256> events{};
    std::array<char, 64 * 1024> scratch{};
    while (!stop_) {
        if (const std::uint64_t all = received_; wanted_ == all) wanted_.wait(all);
        const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < count; ++i) {
            const auto size =
                ::recv(events[static_cast<std::size_t>(i)].data.fd, scratch.data(), scratch.size(), 0);
            if (size > 0) received_ += static_cast<std::uint64_t>(size);
        }
    }
}

void crowd::read_up_to(std::uint64_t bytes) {
    wanted_ = bytes;
    wanted_.notify_one();
}

void crowd::wait_until_read() const {
    using namespace std::chrono_literals;
    const auto late = std::chrono::steady_clock::now() + 10s;
    while (received_ < wanted_) {
        if (std::chrono::steady_clock::now() > late) {
            throw std::system_error(ETIMEDOUT, std::generic_category(), "read");
        }
        std::this_thread::sleep_for(100us);
    }
}

double crowd::reader_seconds() {
    clockid_t clock{};
    if (::pthread_getcpuclockid(reader_.native_handle(), &clock) != 0) return 0;
    return seconds(clock);
}

void measure_sending(benchmark::State& state,
                     const std::function<std::unique_ptr<sender>(std::span<const int>)>& make) {
    try {
        crowd members(static_cast<std::size_t>(state.range(0)));  // first: its thread has its own CPU
        const bool meanwhile = state.range(1) != 0;
        const on_cpu first(0);
        const auto way = make(members.sockets());
        const std::string message(message_size, 'x');
        const auto per_round = message.size() * members.sockets().size();

        // The first message finds everything cold, and sockets without their buffers.
        std::uint64_t sent = per_round;
        way->send_to_all(members.sockets(), message);
        members.read_up_to(sent);
        members.wait_until_read();

        // All threads but this one and the one that reads.
        const auto others = [&] {
            const auto reader = members.reader_seconds();
            return seconds(CLOCK_PROCESS_CPUTIME_ID) - reader - seconds(CLOCK_THREAD_CPUTIME_ID);
        };
        const auto others_before = others();
        double cpu = 0;
        double wall = 0;
        for (auto _ : state) {
            sent += per_round;
            if (meanwhile) members.read_up_to(sent);
            const auto wall_before = seconds(CLOCK_MONOTONIC);
            const auto cpu_before = seconds(CLOCK_THREAD_CPUTIME_ID);
            way->send_to_all(members.sockets(), message);
            cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
            const auto took = seconds(CLOCK_MONOTONIC) - wall_before;
            wall += took;
            state.SetIterationTime(took);
            members.read_up_to(sent);
            members.wait_until_read();
        }
        const auto per_message = 1e6 / static_cast<double>(state.iterations() * state.range(0));
        state.counters["cpu_us"] = cpu * per_message;
        state.counters["kernel_us"] = std::max(0.0, others() - others_before) * per_message;
        state.counters["wall_us"] = wall * per_message;
    } catch (const std::exception& e) {
        state.SkipWithError(e.what());
    }
}

}  // namespace chatterlink::micro
