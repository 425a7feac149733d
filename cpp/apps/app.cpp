#include "apps/app.hpp"

#include <fmt/format.h>

#include "apps/data_folder.hpp"
#include "apps/runtime.hpp"
#include "apps/version.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "chat/service.hpp"
#include "gateways/http_api.hpp"
#include "gateways/socketio_gateway.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "net/static_files.hpp"
#include "page/assets.hpp"
#include "store/store_memory.hpp"
#include "store/store_sqlite.hpp"

namespace chatterlink::apps {
namespace {

// Strict: nothing inline, nothing from elsewhere (docs/architecture.md, "The page").
constexpr const char* page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' "
    "ws: wss:; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::unique_ptr<chat::store> open_store(const app_options& o) {
    if (o.store == "memory") return store::create_store_memory();
    if (o.store == "sqlite") return store::open_store_sqlite({.path = o.data / "chatterlink.db"}).value();
    throw base::failure(
        base::fail(base::errc::config_invalid, "unknown store '" + o.store + "': use sqlite or memory"));
}

chat::limits chat_limits(const app_options& o) {
    chat::limits l;
    l.rate_limited = o.rate_limit;
    return l;
}

engineio::settings engine_settings(const app_options& o) {
    engineio::settings s;
    s.deflate.enabled = o.ws_deflate;
    return s;
}

std::vector<net::static_file> page_files() {
    std::vector<net::static_file> files;
    for (const auto& a : page::assets()) files.push_back({a.path, a.type, a.bytes, a.gzip, a.etag});
    return files;
}

std::vector<std::pair<std::string, std::string>> page_headers() {
    return {{"Content-Security-Policy", page_policy},
            {"X-Content-Type-Options", "nosniff"},
            {"Referrer-Policy", "no-referrer"},
            {"Cross-Origin-Opener-Policy", "same-origin"},
            {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}};
}

}  // namespace

struct chat_app::impl {
    // From the bottom layer up; destroyed from the top down, after the threads have ended.
    struct layers {
        explicit layers(const app_options& o)
            : mark(o.store == "sqlite" ? mark_data_folder(o.data) : base::descriptor()),
              run(o.threads, o.io_uring),
              store(open_store(o)),
              files(gateways::open_upload_store({.folder = o.data / "uploads"}).value()),
              hub(run.threads()),
              service(run.threads(), hub, *store, chat_limits(o)),
              socketio(run.threads(), engine_settings(o), engineio::origin_policy{}, {.keep_request = false}),
              uploads(run.threads(), *files, *store, service.bounds(), engineio::origin_policy{},
                      o.max_upload),
              status(*store, service.bounds(), o.max_upload, version()),
              page(page_files(), page_headers()),
              http(router, {}, net::trusted_proxies::parse(o.trusted_proxies).value()) {
            service.add_encoder(encoder);
            gateways::serve_chat(socketio, service);
            router.add("/socket.io/", socketio);
            router.add("/upload", uploads);
            router.add("/uploads/", uploads);
            for (const auto* path : {"/healthz", "/readyz", "/config.json"}) router.add(path, status);
            router.otherwise(page);
            run.listen(o.host, o.port, o.listen, true,
                       [this](std::shared_ptr<net::connection> c) { http.serve(std::move(c)); });
            run.start();
        }
        ~layers() {
            run.stop([this] { socketio.close_all(); },
                     [this] {
                         files->close();
                         store->close();
                     });
        }

        base::descriptor mark;  // that others find on the data folder
        runtime run;
        std::unique_ptr<chat::store> store;
        std::unique_ptr<gateways::upload_store> files;
        hub::hub hub;
        chat::service service;
        gateways::socketio_encoder encoder;
        socketio::server socketio;
        gateways::upload_api uploads;
        gateways::status_api status;
        net::static_files page;
        net::router router;
        net::http_server http;
    };

    app_options options;
    std::unique_ptr<layers> running;
};

chat_app::chat_app(app_options options) : impl_(std::make_unique<impl>()) {
    impl_->options = std::move(options);
}

chat_app::~chat_app() {
    stop();
}

void chat_app::start() {
    if (impl_->running) return;
    auto& o = impl_->options;
    base::set_log_level(o.log_level).value();
    base::init_random();
    prepare_process();
    if (o.data.empty()) o.data = default_data_folder();
    prepare_data_folder(o.data);
    impl_->running = std::make_unique<impl::layers>(o);
}

void chat_app::stop() {
    impl_->running.reset();
}

bool chat_app::reload_tls() {
    return impl_->running && impl_->running->run.reload_tls();
}

bool chat_app::running() const noexcept {
    return impl_->running != nullptr;
}

std::uint16_t chat_app::port() const noexcept {
    return impl_->running ? impl_->running->run.port() : impl_->options.port;
}

std::string chat_app::url() const {
    const auto& o = impl_->options;
    const auto* const scheme = o.listen.tls_cert.empty() ? "http" : "https";
    if (!o.listen.unix_socket.empty())
        return fmt::format("{}+unix:{}", scheme, o.listen.unix_socket.string());
    if (o.host == "0.0.0.0" || o.host == "::") return fmt::format("{}://127.0.0.1:{}/", scheme, port());
    const bool six = o.host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}/", scheme, six ? "[" : "", o.host, six ? "]" : "", port());
}

std::vector<std::string> chat_app::addresses() const {
    return impl_->running ? impl_->running->run.addresses() : std::vector<std::string>{};
}

const app_options& chat_app::options() const noexcept {
    return impl_->options;
}

std::string chat_app::store_description() const {
    return impl_->running ? impl_->running->store->description() : impl_->options.store;
}

}  // namespace chatterlink::apps
