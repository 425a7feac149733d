// A broadcast's sends through io_uring: one request for each member, many requests in one system call.
#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "micro/sending.hpp"

namespace chatterlink::micro {
namespace {

struct ring_options {
    unsigned setup = 0;         // IORING_SETUP_…
    bool registered = false;    // the sockets are known to the ring and named by their places
    bool skip_success = false;  // only failures have a completion
    bool zero_copy = false;     // IORING_OP_SEND_ZC: two completions, the second when the bytes may change
    unsigned batch = 256;       // requests in one system call
};

void check(int result, const char* what) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

class ring_sender final : public sender {
  public:
    ring_sender(std::span<const int> sockets, const ring_options& options) : options_(options) {
        io_uring_params wanted{};
        wanted.flags = options.setup;
        wanted.sq_thread_idle = 1;  // ms
        check(::io_uring_queue_init_params(options.batch, &ring_, &wanted), "io_uring_queue_init_params");
        if (!options.registered) return;
        const int result =
            ::io_uring_register_files(&ring_, sockets.data(), static_cast<unsigned>(sockets.size()));
        if (result < 0) ::io_uring_queue_exit(&ring_);
        check(result, "io_uring_register_files");
    }
    ~ring_sender() override { ::io_uring_queue_exit(&ring_); }

    void send_to_all(std::span<const int> sockets, std::string_view message) override {
        for (std::size_t first = 0; first < sockets.size();) {
            const auto count = std::min<std::size_t>(options_.batch, sockets.size() - first);
            for (std::size_t i = first; i < first + count; ++i) {
                prepare(options_.registered ? static_cast<int>(i) : sockets[i], message);
            }
            submit(static_cast<unsigned>(count), message.size());
            first += count;
        }
    }

  private:
    void prepare(int socket, std::string_view message) {
        // Without MSG_WAITALL a message that was taken in part is a success, which nobody would be told of
        // when successes have no completion. With MSG_DONTWAIT it still does not wait.
        constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL;
        io_uring_sqe* const request = ::io_uring_get_sqe(&ring_);
        if (request == nullptr) throw std::system_error(EBUSY, std::generic_category(), "io_uring_get_sqe");
        if (options_.zero_copy) {
            ::io_uring_prep_send_zc(request, socket, message.data(), message.size(), flags, 0);
        } else {
            ::io_uring_prep_send(request, socket, message.data(), message.size(), flags);
        }
        unsigned of_request = 0;
        if (options_.registered) of_request |= IOSQE_FIXED_FILE;
        if (options_.skip_success) of_request |= IOSQE_CQE_SKIP_SUCCESS;
        ::io_uring_sqe_set_flags(request, of_request);
    }

    void submit(unsigned count, std::size_t size) {
        unsigned unfinished = options_.skip_success ? 0 : count;
        check(::io_uring_submit_and_wait(&ring_, unfinished), "io_uring_submit_and_wait");
        do {
            unfinished -= take_completions(size);
            if (unfinished > 0) {
                io_uring_cqe* first = nullptr;
                check(::io_uring_wait_cqe(&ring_, &first), "io_uring_wait_cqe");
            }
        } while (unfinished > 0);
    }

    /// Returns how many requests are finished by them.
    unsigned take_completions(std::size_t size) {
        unsigned finished = 0;
        unsigned taken = 0;
        unsigned head = 0;
        io_uring_cqe* each = nullptr;
        io_uring_for_each_cqe(&ring_, head, each) {
            ++taken;
            if ((each->flags & IORING_CQE_F_MORE) == 0) ++finished;
            if ((each->flags & IORING_CQE_F_NOTIF) != 0) continue;
            check(each->res, "send by io_uring");
            if (static_cast<std::size_t>(each->res) != size) check(-ENOBUFS, "send by io_uring");
        }
        ::io_uring_cq_advance(&ring_, taken);
        return finished;
    }

    ring_options options_;
    io_uring ring_{};
};

void send_by_ring(benchmark::State& state, const ring_options& options) {
    measure_sending(
        state, [&](std::span<const int> sockets) { return std::make_unique<ring_sender>(sockets, options); });
}

/// What the kernel offers to a ring that one thread owns: completions are made when it asks for them.
constexpr unsigned one_owner = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

#define CHATTERLINK_SEND(name, ...)                                  \
    BENCHMARK_CAPTURE(send_by_ring, name, ring_options{__VA_ARGS__}) \
        ->Name("send/io_uring_" #name)                               \
        ->Apply(in_crowds)

CHATTERLINK_SEND(plain, .batch = 256);
CHATTERLINK_SEND(batch_32, .batch = 32);
CHATTERLINK_SEND(batch_1024, .batch = 1024);
CHATTERLINK_SEND(registered, .registered = true);
CHATTERLINK_SEND(coop, .setup = IORING_SETUP_COOP_TASKRUN, .registered = true);
CHATTERLINK_SEND(one_owner, .setup = one_owner, .registered = true);
CHATTERLINK_SEND(one_owner_silent, .setup = one_owner, .registered = true, .skip_success = true);
CHATTERLINK_SEND(one_owner_zero_copy, .setup = one_owner, .registered = true, .zero_copy = true);
CHATTERLINK_SEND(sqpoll, .setup = IORING_SETUP_SQPOLL, .registered = true);

}  // namespace
}  // namespace chatterlink::micro
