// A broadcast's sends as system calls, one for each member: what net::connection does, and the other call for
// it.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "micro/sending.hpp"

namespace chatterlink::micro {
namespace {

constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;

void check(ssize_t taken, std::size_t size) {
    if (taken < 0) throw std::system_error(errno, std::generic_category(), "send");
    if (static_cast<std::size_t>(taken) != size)
        throw std::system_error(ENOBUFS, std::generic_category(), "send");
}

class send_each final : public sender {
  public:
    void send_to_all(std::span<const int> sockets, std::string_view message) override {
        for (const int each : sockets)
            check(::send(each, message.data(), message.size(), send_flags), message.size());
    }
};

class sendmsg_each final : public sender {
  public:
    void send_to_all(std::span<const int> sockets, std::string_view message) override {
        for (const int each : sockets) {
            iovec part{.iov_base = const_cast<char*>(message.data()), .iov_len = message.size()};
            msghdr whole{};
            whole.msg_iov = &part;
            whole.msg_iovlen = 1;
            check(::sendmsg(each, &whole, send_flags), message.size());
        }
    }
};

template <class Way>
void send_calls(benchmark::State& state) {
    measure_sending(state, [](std::span<const int>) { return std::make_unique<Way>(); });
}
BENCHMARK(send_calls<send_each>)->Name("send/call")->Apply(in_crowds);
BENCHMARK(send_calls<sendmsg_each>)->Name("send/sendmsg")->Apply(in_crowds);

/// The way into the kernel and back by itself: what sends that share a call can save at the most.
void send_nothing(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(::syscall(SYS_getppid));
}
BENCHMARK(send_nothing)->Name("send/system_call_alone");

}  // namespace
}  // namespace chatterlink::micro
