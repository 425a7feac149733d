#include "apps/engine_host.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"

namespace chatterlink::apps {

void engine_host::nothing_here::handle(net::exchange_ptr e) {
    e->respond(net::response::failure(base::fail(base::errc::not_found, "there is nothing at this address")));
}

engine_host::engine_host(host_options options)
    : options_(std::move(options)), run_(options_.threads, true, options_.limits), http_(router_) {
    base::set_log_level(options_.log_level).value();
    base::init_random();
    prepare_process();
    router_.otherwise(nothing_here_);
}

engine_host::~engine_host() {
    stop([] {});
}

void engine_host::start() {
    if (running_) return;
    run_.listen(options_.host, options_.port, options_.listen, true,
                [this](std::shared_ptr<net::connection> c) { http_.serve(std::move(c)); });
    run_.start();
    running_ = true;
}

void engine_host::stop(const std::function<void()>& say_goodbye) {
    if (!running_) return;
    running_ = false;
    run_.stop(say_goodbye, [] {});
}

}  // namespace chatterlink::apps
