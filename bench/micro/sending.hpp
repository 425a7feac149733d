// The step that costs a broadcast most: the same bytes into many connections. A crowd of them over loopback,
// and the measurement around one way of sending.
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace chatterlink::micro {

/// One way of sending the same bytes to all.
class sender {
  public:
    sender() = default;
    virtual ~sender() = default;
    sender(const sender&) = delete;
    sender& operator=(const sender&) = delete;

    /// Returns when the kernel has taken all of it, throws std::system_error when it did not take a message
    /// whole.
    virtual void send_to_all(std::span<const int> sockets, std::string_view message) = 0;
};

/// TCP connections over loopback, and a thread on the second core that reads what arrives.
class crowd {
  public:
    /// Throws std::system_error: no descriptors, no ports.
    explicit crowd(std::size_t size);
    ~crowd();
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;

    std::span<const int> sockets() const noexcept { return near_; }
    /// The reader begins, and reads until it has read that many bytes in all.
    void read_up_to(std::uint64_t bytes);
    /// Returns when it has.
    void wait_until_read() const;
    /// The CPU time of the thread that reads, in seconds.
    double reader_seconds();

  private:
    void connect_all(std::size_t size);
    void close_all() noexcept;
    void read_until_stopped();

    std::vector<int> near_;  // the server's ends
    std::vector<int> far_;
    int poll_ = -1;
    std::atomic<bool> stop_ = false;
    std::atomic<std::uint64_t> wanted_ = 0;
    std::atomic<std::uint64_t> received_ = 0;
    std::thread reader_;
};

/// Sends one message to each of state.range(0) connections per iteration. The next one begins when all has
/// been read, as in a room where now and then somebody says something. state.range(1) is 0 when the reader
/// begins after the last send: what is measured is the sender's way through the stack up to the receivers'
/// queues. It is 1 when it reads meanwhile, as clients on the same machine do: then the sender also pays for
/// waking it, and for sharing memory with it.
///
/// Time is the wall's while sending; per message are counted `cpu_us` (the sending thread), `wall_us` and
/// `kernel_us` (threads that the kernel runs for the sender, also between two iterations).
void measure_sending(benchmark::State& state,
                     const std::function<std::unique_ptr<sender>(std::span<const int>)>& make);

/// How many connections, and when they are read.
inline void in_crowds(benchmark::internal::Benchmark* b) {
    b->ArgNames({"members", "meanwhile"})
        ->ArgsProduct({{100, 1'000, 5'000}, {0, 1}})
        ->UseManualTime()
        ->MinTime(0.1);
}

}  // namespace chatterlink::micro
