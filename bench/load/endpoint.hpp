// Where the server is, and how a machine comes to tens of thousands of connections to it.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace chatterlink::load {

struct address {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

/// One server, resolved once. A source address has no more than some 28,000 ports for connections to one
/// server, and the kernel takes long to find one when many are used: to a server on the loopback network
/// connections come from 127.0.0.1, then from 127.0.0.2, 127.0.0.3 …
class endpoint {
  public:
    /// The server at `unix_socket`, unless that is empty, else at host and port: the first of its addresses
    /// that takes a connection. After so many connections the next source address is taken. Throws
    /// could_not_run.
    endpoint(const std::string& host, std::uint16_t port, const std::string& unix_socket,
             std::size_t connections_of_one_source = 2'000);

    /// A socket that is being connected without blocking: writable once it is done. Throws could_not_run for
    /// what a further attempt would not mend (no descriptors, no ports, a path that is none).
    int open_socket();

    /// "127.0.0.1:5000", "[::1]:5000", "unix:/run/chat.sock"
    const std::string& name() const noexcept { return name_; }

    /// What HTTP calls it (the field Host): the same, and "localhost" for a Unix socket.
    const std::string& host() const noexcept { return host_; }

  private:
    int open_from(unsigned source);

    address server_;
    std::string name_;
    std::string host_;
    std::size_t connections_of_one_source_;
    bool many_sources_ = false;  // in 127.0.0.0/8
    std::size_t opened_ = 0;
};

/// Raises the limit of open files to the most that is allowed. Throws could_not_run when that is below
/// `needed`.
void allow_open_files(std::size_t needed);

}  // namespace chatterlink::load
