#include "net/listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "net/tls_handshake.hpp"

namespace chatterlink::net {
namespace {

using boost::asio::ip::tcp;
constexpr base::milliseconds pause_when_full{100};
constexpr base::milliseconds tell_again{10'000};
constexpr int port_attempts = 10;  // to find a port that is free at every address, when the system chooses

// The port of whatever address the socket is bound to.
std::uint16_t port_of(const listener::protocol::endpoint& where) {
    return endpoint_of(*reinterpret_cast<const sockaddr*>(where.data())).port;
}

// A host's addresses, each once, in the resolver's order.
base::result<std::vector<boost::asio::ip::address>> resolve(reactor& threads, const std::string& host) {
    // For the resolver that would be every network: nobody means it who leaves a variable empty.
    if (host.empty()) return base::fail(base::errc::config_invalid, "the host is empty: give it with --host");
    boost::system::error_code failed;
    tcp::resolver resolver(threads.at(0).context());
    const auto found = resolver.resolve(host, "0", tcp::resolver::passive, failed);
    if (failed || found.empty()) {
        return base::fail(base::errc::io_failed, "unknown host '" + host + "': " + failed.message());
    }
    std::vector<boost::asio::ip::address> addresses;
    for (const auto& each : found) {
        const auto address = each.endpoint().address();
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    }
    return addresses;
}

listener::acceptor listen_at(reactor& threads, const tcp::endpoint& where,
                             boost::system::error_code& failed) {
    listener::acceptor a(threads.at(0).context());
    a.open(where.protocol(), failed);
    if (!failed) a.set_option(listener::acceptor::reuse_address(true), failed);
    if (!failed && where.address().is_v6() && where.address().is_unspecified()) {
        a.set_option(boost::asio::ip::v6_only(false), failed);
    }
    if (!failed) a.bind(where, failed);
    if (!failed) a.listen(listen_backlog, failed);
    return a;
}

// Whether the machine does not have that address, or not even its family.
bool not_here(const boost::system::error_code& failed) {
    return failed == boost::asio::error::address_family_not_supported ||
           failed == boost::system::errc::address_not_available;
}

base::error cannot_listen(const std::string& host, std::uint16_t port,
                          const boost::system::error_code& failed) {
    if (failed == boost::asio::error::address_in_use) {
        return base::fail(
            base::errc::address_in_use,
            fmt::format("port {} on {} is already in use: stop the other program or choose another "
                        "with --port",
                        port, host));
    }
    return base::fail(base::errc::io_failed,
                      fmt::format("cannot listen on {} port {}: {}", host, port, failed.message()));
}

// As accept(2): none, and errno.
base::descriptor accept_one(int listening) noexcept {
#ifdef __linux__
    return base::descriptor(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
    base::descriptor socket(::accept(listening, nullptr, nullptr));
    if (socket) {
        ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
        ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
        const int yes = 1;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
    }
    return socket;
#endif
}

int number_option(int descriptor, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

base::result<std::shared_ptr<listener>> listener::open(reactor& threads, const std::string& host,
                                                       std::uint16_t port, const connection_limits& limits,
                                                       accepted on_accept, tls_ptr keys) {
    const auto found = resolve(threads, host);
    if (!found) return found.error();
    boost::system::error_code failed;
    auto a = listen_at(threads, tcp::endpoint(found->front(), port), failed);
    if (failed) return cannot_listen(host, port, failed);
    return std::make_shared<listener>(threads, std::move(a), limits, std::move(on_accept), std::move(keys));
}

base::result<std::vector<std::shared_ptr<listener>>> listener::open_all(
    reactor& threads, const std::string& host, std::uint16_t port, const connection_limits& limits,
    const accepted& on_accept, const tls_ptr& keys) {
    const auto found = resolve(threads, host);
    if (!found) return found.error();
    std::vector<std::string> addresses;
    for (const auto& each : *found) addresses.push_back(each.to_string());
    return open_each(threads, addresses, port, limits, on_accept, keys);
}

base::result<std::vector<std::shared_ptr<listener>>> listener::open_each(
    reactor& threads, const std::vector<std::string>& addresses, std::uint16_t port,
    const connection_limits& limits, const accepted& on_accept, const tls_ptr& keys) {
    base::error last = base::fail(base::errc::config_invalid, "there is no address to listen on");
    for (int attempt = 0; attempt < port_attempts; ++attempt) {
        std::vector<std::shared_ptr<listener>> opened;
        std::vector<base::error> left_out;
        bool taken = false;
        for (const auto& address : addresses) {
            // The port that the system has chosen for the first is asked for at the others.
            const auto wanted = opened.empty() ? port : opened.front()->port();
            boost::system::error_code failed;
            const auto where = boost::asio::ip::make_address(address, failed);
            if (failed) return cannot_listen(address, wanted, failed);
            auto a = listen_at(threads, tcp::endpoint(where, wanted), failed);
            if (!failed) {
                opened.push_back(std::make_shared<listener>(threads, std::move(a), limits, on_accept, keys));
                continue;
            }
            last = cannot_listen(address, wanted, failed);
            if (not_here(failed)) {
                left_out.push_back(last);
                continue;
            }
            taken = failed == boost::asio::error::address_in_use;
            if (!taken || port != 0) return last;
            break;
        }
        if (!taken && !opened.empty()) {
            for (const auto& each : left_out) spdlog::warn("{}", each.message);
            return opened;
        }
        if (!taken) break;
    }
    return last;
}

base::result<std::shared_ptr<listener>> listener::adopt(reactor& threads, int descriptor,
                                                        const connection_limits& limits, accepted on_accept,
                                                        tls_ptr keys) {
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    const bool is_stream = number_option(descriptor, SO_TYPE) == SOCK_STREAM;
    const bool listens = number_option(descriptor, SO_ACCEPTCONN) == 1;
    if (!is_stream || !listens ||
        ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&where), &size) != 0) {
        return base::fail(
            base::errc::config_invalid,
            fmt::format("the inherited descriptor {} is no listening stream socket", descriptor));
    }
    acceptor a(threads.at(0).context());
    boost::system::error_code failed;
    a.assign(protocol(where.ss_family, 0), descriptor, failed);
    if (failed) {
        return base::fail(base::errc::io_failed, fmt::format("cannot use the inherited descriptor {}: {}",
                                                             descriptor, failed.message()));
    }
    return std::make_shared<listener>(threads, std::move(a), limits, std::move(on_accept), std::move(keys));
}

listener::listener(reactor& threads, acceptor a, const connection_limits& limits, accepted on_accept,
                   tls_ptr keys)
    : threads_(threads),
      acceptor_(std::move(a)),
      pause_(threads.at(0).context()),
      limits_(limits),
      on_accept_(std::move(on_accept)),
      keys_(std::move(keys)),
      port_(port_of(acceptor_.local_endpoint())) {
    boost::system::error_code ignored;
    acceptor_.native_non_blocking(true, ignored);
    acceptor_.set_option(tcp::no_delay(true), ignored);  // each accepted socket inherits it
}

std::string listener::where() const {
    boost::system::error_code failed;
    const auto local = acceptor_.local_endpoint(failed);
    return failed ? std::string() : to_string(endpoint_of(*reinterpret_cast<const sockaddr*>(local.data())));
}

void listener::start() {
    boost::asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->wait(); });
}

void listener::stop() {
    remove_file();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

void listener::wait() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_wait(acceptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& failed) {
                             if (!self->acceptor_.is_open()) return;
                             if (failed) return self->pause(failed);
                             self->accept_some();
                         });
}

void listener::accept_some() {
    for (int n = 0; n < accepts_per_round; ++n) {
        auto socket = accept_one(acceptor_.native_handle());
        if (socket) {
            shard& home = threads_.at(next_shard_);
            next_shard_ = (next_shard_ + 1) % threads_.count();
            take(home, std::move(socket));
            if (!acceptor_.is_open()) return;
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            return pause(boost::system::error_code(errno, boost::system::system_category()));
        // Anything else is over with that connection: its peer has gone already, a firewall forbids it.
    }
    wait();
}

void listener::pause(const boost::system::error_code& why) {
    counters().accept_pauses.fetch_add(1, std::memory_order_relaxed);
    if (const auto now = base::steady_now(); told_ == base::steady_time{} || now - told_ >= tell_again) {
        told_ = now;
        spdlog::warn("cannot accept connections for now: {}", why.message());
    }
    pause_.expires_after(pause_when_full);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
        if (!stopped) self->wait();
    });
}

void listener::take(shard& home, base::descriptor socket) {
    if (shard::current() == &home) return serve(home, std::move(socket));
    boost::asio::post(home.context(),
                      [self = shared_from_this(), &home, socket = std::move(socket)]() mutable {
                          self->serve(home, std::move(socket));
                      });
}

// On the connection's shard.
void listener::serve(shard& home, base::descriptor socket) {
    try {
        auto made = std::make_shared<connection>(home, std::move(socket), port_, limits_);
        if (!made->open()) return;
        if (keys_) return start_tls(std::move(made), *keys_, on_accept_);
        on_accept_(std::move(made));
    } catch (const std::exception& e) {
        spdlog::error("a new connection was given up: {}", e.what());
    }
}

}  // namespace chatterlink::net
