// One TCP (or Unix) connection of the load generator: reads into the loop's shared buffer, keeps only what is
// incomplete, queues what the kernel does not take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/clock.hpp"
#include "load/endpoint.hpp"
#include "load/event_loop.hpp"

namespace chatterlink::load {

class connection;

class connection_owner {
  public:
    virtual ~connection_owner() = default;
    virtual void on_connected(connection& c) = 0;
    /// Bytes that arrived at `now`, behind those not consumed before. Returns how many of them are done with;
    /// they may be written to. The rest comes again together with more.
    virtual std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) = 0;
    /// The connection could not be made, broke, or was closed by the server. `why` is a sentence's end. Not
    /// called after close().
    virtual void on_closed(connection& c, const std::string& why) = 0;
};

/// May be opened again after it was closed. Not movable: the loop knows its address.
class connection final : public watcher {
  public:
    connection(event_loop& loop, connection_owner& owner) noexcept : loop_(loop), owner_(owner) {}
    ~connection() override { close(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Begins to connect; on_connected follows. Throws could_not_run (endpoint::open_socket).
    void open(endpoint& to);

    bool is_open() const noexcept { return fd_ >= 0; }

    /// What is to be sent; append, then flush(). What is not taken at once goes by itself later.
    std::string& output() noexcept { return output_; }
    void flush();

    /// Resets the connection: nobody has to wait for the other side, and no port is held for a minute
    /// afterwards (TIME_WAIT), which would keep the next run from connecting.
    void close() noexcept;

    void on_events(unsigned events) override;

    /// More than this waiting to be sent means that the server takes nothing: closed, with that reason.
    static constexpr std::size_t max_output = std::size_t{64} << 20U;

  private:
    void read();
    void finish_connecting();
    void fail(const std::string& why);
    void want_writable(bool wanted);

    event_loop& loop_;
    connection_owner& owner_;
    int fd_ = -1;
    bool connecting_ = false;
    bool writable_wanted_ = false;
    std::uint32_t generation_ = 0;  // counts the times it was opened
    std::string output_;
    std::size_t sent_ = 0;  // of output_
    std::string tail_;      // what was read and not consumed
};

}  // namespace chatterlink::load
