// Which of a shard's sockets have something to read, or room to write.
//
// Sockets are entered once and stay entered; what is ready is told when it becomes so ("edge-triggered"),
// not again and again while it is. So waiting for the next input of a connection costs nothing: no system
// call, no operation in Asio's queue, no memory. Two adapters: an epoll set of the shard's own on Linux, and
// Asio's descriptors everywhere else.
//
// One thread, the shard's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

namespace chatterlink::net {

/// What has become of a socket.
struct ready {
    bool input = false;   // there may be something to read
    bool output = false;  // there may be room to write
    bool ended = false;   // the peer sends nothing more, or there was an error: reads never wait again
};

/// Whoever is entered. May be told at any time, also what it did not ask for, also once too often.
class ready_hook {
  public:
    virtual ~ready_hook() = default;
    virtual void on_ready(ready what) = 0;
};

class readiness {
  public:
    /// The best there is on this system; beside the `context`, in which it wakes the shard.
    static std::unique_ptr<readiness> make(boost::asio::io_context& context);
    /// The one that every system has.
    static std::unique_ptr<readiness> make_portable(boost::asio::io_context& context);

    readiness() = default;
    readiness(const readiness&) = delete;
    readiness& operator=(const readiness&) = delete;
    virtual ~readiness() = default;

    /// `who` is told what `descriptor` is ready for until remove(); what it is ready for already, soon.
    /// False when the system refuses (out of memory, fs.epoll.max_user_watches).
    virtual bool add(int descriptor, ready_hook& who) noexcept = 0;
    /// To be told of input again: when a read has found that there is none, and before waiting for it.
    virtual void want_input(int descriptor) = 0;
    /// To be told of room to write: when a write has found that there is none.
    virtual void want_output(int descriptor, ready_hook& who) = 0;
    /// Nothing is told any more. Before the descriptor is closed or given away.
    virtual void remove(int descriptor, const ready_hook& who) noexcept = 0;

    /// Before the shard waits in its context: what becomes ready ends the wait.
    virtual void arm() = 0;
    /// Looks which sockets are ready; true if serve() has some of them to tell.
    virtual bool look() = 0;
    /// Something is ready that serve() has not come to: no time to wait.
    virtual bool pending() const noexcept = 0;
    /// Tells those that the last look() has found, until one of them makes `enough` true. What one of them
    /// throws is thrown. The others' turn comes in the next call.
    virtual void serve(const bool& enough) = 0;
};

}  // namespace chatterlink::net
