// Many sends in one system call: Linux's io_uring, where the kernel lets us and the build found liburing.
// What it spares and where is in docs/performance-notes.md; without it everything works as with it.
//
// One thread: the shard's whose connections are written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace chatterlink::net {

class send_ring {
  public:
    struct request {
        static constexpr int untried = 1 - (1 << 30);  // no errno

        int socket;
        const char* bytes;
        std::size_t size;
        int result = untried;  // as of send(2): how many bytes the kernel took; an error as -errno
    };

    /// A ring for as many requests at a time; null when there is none to be had (an older kernel, a
    /// container's seccomp profile, kernel.io_uring_disabled, a build without liburing). Throws nothing.
    static std::unique_ptr<send_ring> make(unsigned requests) noexcept;

    send_ring() = default;
    send_ring(const send_ring&) = delete;
    send_ring& operator=(const send_ring&) = delete;
    virtual ~send_ring() = default;

    /// Sends them all without waiting for a peer, and fills in the results; not more than make() was told.
    /// False: the ring is broken. Then those that are still `untried` were not sent, the ring is of no use.
    virtual bool send(std::span<request> all) noexcept = 0;
};

}  // namespace chatterlink::net
