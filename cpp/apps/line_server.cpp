#include "apps/app.hpp"
#include "apps/runtime.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "chat/service.hpp"
#include "gateways/line_gateway.hpp"
#include "store/store_memory.hpp"

namespace chatterlink::apps {
namespace {

constexpr std::size_t kept_messages = 100;  // of each room; nobody reads them back over lines yet

chat::limits line_limits(const line_server_options& o) {
    chat::limits l;
    l.rate_limited = o.rate_limit;
    return l;
}

}  // namespace

struct line_server::impl {
    // From the bottom layer up; destroyed from the top down, after the threads have ended.
    struct layers {
        explicit layers(const line_server_options& o)
            : run(o.threads, o.io_uring),
              store(store::create_store_memory({.history_limit = kept_messages})),
              hub(run.threads()),
              service(run.threads(), hub, *store, line_limits(o)),
              gateway(service, {.echo = o.echo}) {
            service.add_encoder(encoder);
            run.listen(o.host, o.port, o.listen, false,
                       [this](std::shared_ptr<net::connection> c) { gateway.serve(std::move(c)); });
            run.start();
        }
        ~layers() {
            run.stop([] {}, [this] { store->close(); });
        }

        runtime run;
        std::unique_ptr<chat::store> store;
        hub::hub hub;
        chat::service service;
        gateways::line_encoder encoder;
        gateways::line_gateway gateway;
    };

    line_server_options options;
    std::unique_ptr<layers> running;
};

line_server::line_server(line_server_options options) : impl_(std::make_unique<impl>()) {
    impl_->options = std::move(options);
}

line_server::~line_server() {
    stop();
}

void line_server::start() {
    if (impl_->running) return;
    base::set_log_level(impl_->options.log_level).value();
    base::init_random();
    prepare_process();
    impl_->running = std::make_unique<impl::layers>(impl_->options);
}

void line_server::stop() {
    impl_->running.reset();
}

bool line_server::reload_tls() {
    return impl_->running && impl_->running->run.reload_tls();
}

bool line_server::running() const noexcept {
    return impl_->running != nullptr;
}

std::uint16_t line_server::port() const noexcept {
    return impl_->running ? impl_->running->run.port() : impl_->options.port;
}

std::vector<std::string> line_server::addresses() const {
    return impl_->running ? impl_->running->run.addresses() : std::vector<std::string>{};
}

const line_server_options& line_server::options() const noexcept {
    return impl_->options;
}

}  // namespace chatterlink::apps
