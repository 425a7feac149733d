#include <liburing.h>
#include <sys/socket.h>

#include <cerrno>
#include <new>

#include "base/log.hpp"
#include "net/send_ring.hpp"

namespace chatterlink::net {
namespace {

class uring final : public send_ring {
  public:
    uring() = default;
    ~uring() override {
        if (open_) ::io_uring_queue_exit(&ring_);
    }

    // 0 or -errno. One thread owns the ring, and nothing has to interrupt it for a completion: it asks.
    int open(unsigned requests) noexcept {
        int failed = -EINVAL;
        for (const unsigned flags : {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN, 0U}) {
            failed = ::io_uring_queue_init(requests, &ring_, flags);
            if (failed != -EINVAL) break;  // a kernel before 6.0 does not know the flags
        }
        open_ = failed == 0;
        return failed;
    }

    bool send(std::span<request> all) noexcept override {
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto* const entry = ::io_uring_get_sqe(&ring_);
            if (entry == nullptr) return false;  // more than there is room for; nothing was sent
            ::io_uring_prep_send(entry, all[i].socket, all[i].bytes, all[i].size,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
            ::io_uring_sqe_set_data64(entry, i);
        }
        // Without waiting for a peer every request is over when it has been submitted; that all of them have
        // been is for the kernel to say.
        auto missing = static_cast<unsigned>(all.size());
        auto unsubmitted = missing;
        while (missing > 0) {
            const int n = ::io_uring_submit_and_wait(&ring_, missing);
            if (n > 0) unsubmitted -= static_cast<unsigned>(n);
            missing -= take_results(all);
            if (n < 0 && n != -EINTR && n != -EBUSY) return await(all, missing - unsubmitted);
        }
        return true;
    }

  private:
    // The ring takes nothing more: what it has taken already must still be heard of.
    bool await(std::span<request> all, unsigned missing) noexcept {
        while (missing > 0) {
            io_uring_cqe* first = nullptr;
            const int failed = ::io_uring_wait_cqe(&ring_, &first);
            if (failed != 0 && failed != -EINTR) break;
            missing -= take_results(all);
        }
        return false;
    }

    unsigned take_results(std::span<request> all) noexcept {
        unsigned taken = 0;
        unsigned head = 0;
        io_uring_cqe* each = nullptr;
        io_uring_for_each_cqe(&ring_, head, each) {
            all[each->user_data].result = each->res;
            ++taken;
        }
        ::io_uring_cq_advance(&ring_, taken);
        return taken;
    }

    io_uring ring_{};
    bool open_ = false;
};

}  // namespace

std::unique_ptr<send_ring> send_ring::make(unsigned requests) noexcept {
    std::unique_ptr<uring> made(new (std::nothrow) uring);
    if (!made) return nullptr;
    if (const int failed = made->open(requests); failed != 0) {
        spdlog::debug("no io_uring here (errno {}): sends go one by one", -failed);
        return nullptr;
    }
    return made;
}

}  // namespace chatterlink::net
