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
    listener_ = net::listener::open(threads_, host, port, limits_, std::move(on_accept)).value();
}

void runtime::start() {
    listener_->start();
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
            if (s.id() == 0) listener_->stop();
            say_goodbye();
            s.shut_down();
        },
        drain_time);
    while (base::steady_now() < deadline) {
        std::atomic<std::size_t> left{0};
        if (!on_every_shard([&left](net::shard& s) { left += s.connections(); }, drain_time)) break;
        if (left == 0) break;
        std::this_thread::sleep_for(base::milliseconds{10});
    }
    close_rest();
    threads_.stop();
    listener_->stop();
    listener_.reset();
}

}  // namespace chatterlink::apps
