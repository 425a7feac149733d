#include "net/listener.hpp"

#include <fmt/format.h>
#include <boost/asio/ip/v6_only.hpp>

#include "base/log.hpp"

namespace chatterlink::net {
namespace {

using boost::asio::ip::tcp;
constexpr int backlog = 4096;
constexpr base::milliseconds pause_when_full{100};

}  // namespace

base::result<std::shared_ptr<listener>> listener::open(reactor& threads, const std::string& host,
                                                       std::uint16_t port, const connection_limits& limits,
                                                       accepted on_accept) {
    // For the resolver that would be every network: nobody means it who leaves a variable empty.
    if (host.empty()) return base::fail(base::errc::config_invalid, "the host is empty: give it with --host");
    boost::system::error_code failed;
    tcp::resolver resolver(threads.at(0).context());
    const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, failed);
    if (failed || found.empty()) {
        return base::fail(base::errc::io_failed, "unknown host '" + host + "': " + failed.message());
    }
    const tcp::endpoint where = found.begin()->endpoint();
    tcp::acceptor acceptor(threads.at(0).context());
    acceptor.open(where.protocol(), failed);
    if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed && where.address().is_v6() && where.address().is_unspecified()) {
        acceptor.set_option(boost::asio::ip::v6_only(false), failed);
    }
    if (!failed) acceptor.bind(where, failed);
    if (!failed) acceptor.listen(backlog, failed);
    if (failed == boost::asio::error::address_in_use) {
        return base::fail(
            base::errc::address_in_use,
            fmt::format("port {} on {} is already in use: stop the other program or choose another "
                        "with --port",
                        port, host));
    }
    if (failed) {
        return base::fail(base::errc::io_failed,
                          fmt::format("cannot listen on {} port {}: {}", host, port, failed.message()));
    }
    return std::make_shared<listener>(threads, std::move(acceptor), limits, std::move(on_accept));
}

listener::listener(reactor& threads, tcp::acceptor acceptor, const connection_limits& limits,
                   accepted on_accept)
    : threads_(threads),
      acceptor_(std::move(acceptor)),
      pause_(threads.at(0).context()),
      limits_(limits),
      on_accept_(std::move(on_accept)),
      port_(acceptor_.local_endpoint().port()) {}

void listener::start() {
    boost::asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept_next(); });
}

void listener::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

void listener::accept_next() {
    if (!acceptor_.is_open()) return;
    shard& home = threads_.at(next_shard_);
    next_shard_ = (next_shard_ + 1) % threads_.count();
    acceptor_.async_accept(home.context(), [self = shared_from_this(), &home](
                                               const boost::system::error_code& failed, tcp::socket socket) {
        if (!self->acceptor_.is_open()) return;
        if (failed == boost::asio::error::no_descriptors ||
            failed == boost::system::errc::too_many_files_open_in_system ||
            failed == boost::asio::error::no_memory || failed == boost::asio::error::no_buffer_space) {
            spdlog::warn("cannot accept connections for now: {}", failed.message());
            self->pause_.expires_after(pause_when_full);
            self->pause_.async_wait([self](const boost::system::error_code& stopped) {
                if (!stopped) self->accept_next();
            });
            return;
        }
        if (!failed) {
            boost::system::error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            socket.non_blocking(true, ignored);
            const auto serve = [self, &home, s = std::make_shared<tcp::socket>(std::move(socket))] {
                self->on_accept_(
                    std::make_shared<connection>(home, connection::socket(std::move(*s)), self->limits_));
            };
            // Bound to the other shard's context already; touched from there only.
            if (shard::current() == &home) {
                serve();
            } else {
                boost::asio::post(home.context(), serve);
            }
        }
        self->accept_next();
    });
}

}  // namespace chatterlink::net
