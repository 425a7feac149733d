#include "apps/runtime.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

namespace chatterlink::apps {

base::shard_id shard_count(unsigned threads) {
    if (threads != 0) return threads;
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

bool is_loopback(const std::string& host) {
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(host, failed);
    return failed ? host == "localhost" : address.is_loopback();
}

void prepare_process() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file at the process's size limit is an error to answer, not an end
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

runtime::~runtime() {
    if (running_) stop([] {}, [] {});
}

void runtime::listen(const std::string& host, std::uint16_t port, net::listener::accepted on_accept) {
    listen(host, port, {}, true, on_accept);
}

void runtime::listen(const std::string& host, std::uint16_t port, const listen_options& how, bool http,
                     const net::listener::accepted& on_accept) {
    if (how.tls_cert.empty() != how.tls_key.empty()) {
        throw base::failure(base::fail(base::errc::config_invalid,
                                       how.tls_key.empty() ? "--tls-cert needs --tls-key as well"
                                                           : "--tls-key needs --tls-cert as well"));
    }
    if (!how.tls_cert.empty()) tls_ = net::tls_context::open({how.tls_cert, how.tls_key}, http).value();
    if (!how.inherited.empty()) {
        for (const int descriptor : how.inherited)
            listeners_.push_back(
                net::listener::adopt(threads_, descriptor, limits_, on_accept, tls_).value());
    } else if (!how.unix_socket.empty()) {
        listeners_.push_back(
            net::listener::open_unix(threads_, how.unix_socket, limits_, on_accept, tls_).value());
    } else {
        listeners_ = net::listener::open_all(threads_, host, port, limits_, on_accept, tls_).value();
    }
    for (const auto& each : listeners_) {
        if (port_ == 0) port_ = each->port();
    }
}

std::vector<std::string> runtime::addresses() const {
    std::vector<std::string> all;
    for (const auto& each : listeners_) {
        if (auto where = each->where(); !where.empty()) all.push_back(std::move(where));
    }
    return all;
}

bool runtime::reload_tls() {
    if (!tls_) return false;
    tls_->reload().value();
    return true;
}

void runtime::start() {
    for (const auto& each : listeners_) each->start();
    threads_.start();
    running_ = true;
}

bool runtime::on_every_shard(const std::function<void(net::shard&)>& what, base::milliseconds patience) {
    struct barrier {
        std::mutex lock;
        std::condition_variable all_done;
        base::shard_id missing;
    };
    auto b = std::make_shared<barrier>();
    b->missing = threads_.count();
    for (base::shard_id i = 0; i < threads_.count(); ++i) {
        threads_.post(i, [this, b, i, what] {
            what(threads_.at(i));
            const std::lock_guard guard(b->lock);
            if (--b->missing == 0) b->all_done.notify_one();
        });
    }
    std::unique_lock guard(b->lock);
    return b->all_done.wait_for(guard, patience, [&] { return b->missing == 0; });
}

void runtime::stop(const std::function<void()>& say_goodbye, const std::function<void()>& close_rest) {
    if (!running_) return;
    running_ = false;
    const auto deadline = base::steady_now() + drain_time;
    on_every_shard(
        [this, &say_goodbye](net::shard& s) {
            if (s.id() == 0) {
                for (const auto& each : listeners_) each->stop();
            }
            say_goodbye();
            s.shut_down();
        },
        drain_time);
    while (base::steady_now() < deadline) {
        // Shared: a shard that is held up counts when nobody waits for it any more.
        const auto left = std::make_shared<std::atomic<std::size_t>>(0);
        if (!on_every_shard([left](net::shard& s) { *left += s.connections(); }, drain_time)) break;
        if (*left == 0) break;
        std::this_thread::sleep_for(base::milliseconds{10});
    }
    close_rest();
    threads_.stop();
    for (const auto& each : listeners_) each->stop();
    listeners_.clear();
}

}  // namespace chatterlink::apps
