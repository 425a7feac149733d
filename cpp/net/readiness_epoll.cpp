// readiness on Linux: an epoll set, inside the one in which Asio waits. Elsewhere the portable adapter.
#include "net/readiness.hpp"

#ifdef __linux__

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <span>
#include <system_error>

namespace chatterlink::net {
namespace {

class epoll_readiness final : public readiness {
  public:
    explicit epoll_readiness(boost::asio::io_context& context) : outer_(context, make_set()) {}

    bool add(int descriptor, ready_hook& who) noexcept override {
        return control(EPOLL_CTL_ADD, descriptor, input_events, &who);
    }

    void want_input(int) override {}  // an epoll set tells of each arrival

    // Also tells of room that there is already.
    void want_output(int descriptor, ready_hook& who) override {
        control(EPOLL_CTL_MOD, descriptor, input_events | EPOLLOUT, &who);
    }

    void remove(int descriptor, const ready_hook& who) noexcept override {
        // Not left to close(): a child process may hold the same socket open.
        control(EPOLL_CTL_DEL, descriptor, 0, nullptr);
        for (auto& each : std::span(batch_).first(count_).subspan(next_)) {
            if (each.data.ptr == &who) each.data.ptr = nullptr;
        }
    }

    // The set is readable while one of its sockets is ready. Asio looks anew each time it is armed.
    void arm() override {
        if (armed_) return;
        outer_.async_wait(outer_.wait_read, [this](const boost::system::error_code& failed) {
            if (!failed) armed_ = false;  // else `this` is no more
        });
        armed_ = true;
    }

    bool look() override {
        if (next_ < count_) return true;
        next_ = count_ = 0;
        const int found = ::epoll_wait(outer_.native_handle(), batch_.data(), at_a_time, 0);
        if (found < 0) return false;  // EINTR: nothing is lost, it is asked again
        count_ = static_cast<std::size_t>(found);
        more_ = found == at_a_time;
        return found > 0;
    }

    bool pending() const noexcept override { return next_ < count_ || more_; }

    void serve(const bool& enough) override {
        while (next_ < count_ && !enough) {
            const auto& each = batch_[next_++];
            auto* const who = static_cast<ready_hook*>(each.data.ptr);
            if (who == nullptr) continue;
            const bool broken = (each.events & (EPOLLERR | EPOLLHUP)) != 0;
            const bool ended = broken || (each.events & EPOLLRDHUP) != 0;
            who->on_ready({.input = ended || (each.events & EPOLLIN) != 0,
                           .output = broken || (each.events & EPOLLOUT) != 0,
                           .ended = ended});
        }
    }

  private:
    static constexpr std::uint32_t input_events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    static constexpr int at_a_time = 64;  // then what they have to say is written

    static int make_set() {
        const int set = ::epoll_create1(EPOLL_CLOEXEC);
        if (set < 0) throw std::system_error(errno, std::generic_category(), "cannot make an epoll set");
        return set;
    }

    bool control(int what, int descriptor, std::uint32_t events, ready_hook* who) noexcept {
        epoll_event event{};
        event.events = events;
        event.data.ptr = who;
        return ::epoll_ctl(outer_.native_handle(), what, descriptor, &event) == 0;
    }

    boost::asio::posix::stream_descriptor outer_;  // owns the set
    bool armed_ = false;
    std::array<epoll_event, at_a_time> batch_;
    std::size_t next_ = 0;   // in the batch
    std::size_t count_ = 0;  // of it
    bool more_ = false;      // the batch was full
};

}  // namespace

std::unique_ptr<readiness> readiness::make(boost::asio::io_context& context) {
    return std::make_unique<epoll_readiness>(context);
}

}  // namespace chatterlink::net

#else

namespace chatterlink::net {

std::unique_ptr<readiness> readiness::make(boost::asio::io_context& context) {
    return make_portable(context);
}

}  // namespace chatterlink::net

#endif
