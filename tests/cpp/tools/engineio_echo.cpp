// An Engine.IO server that sends back what it gets, for tests/py/test_engineio_*.py and for trying things out
// by hand. Options are --name=value; the address is printed once it serves. SIGTERM ends it.
//
// A connection may ask in its query for an answer of its own: refuse=STATUS keeps it out, later=MS lets it in
// after that time, from another thread. The messages "close" and "last" end the session, "last" with a
// message before.
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "engineio/server.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "net/router.hpp"

namespace {

using namespace chatterlink;

class echo final : public engineio::client_handler {
  public:
    explicit echo(engineio::client& c) : client_(c) {}
    void on_message(std::string_view data, bool binary) override {
        if (data == "last") client_.send_message("last words");
        if (data == "close" || data == "last") return client_.close();
        client_.send_message(data, binary);
    }
    void on_close(engineio::close_reason) override {}

  private:
    engineio::client& client_;
};

std::mutex deciding_lock;
std::vector<std::thread> deciding;  // joined before the shards end

engineio::decision admit(engineio::client& c, const net::exchange& request) {
    if (const auto status = net::query_value(request.query(), "refuse"))
        return engineio::refusal{static_cast<unsigned>(std::stoul(*status)), "\"not you\""};
    if (const auto delay = net::query_value(request.query(), "later")) {
        const std::lock_guard guard(deciding_lock);
        deciding.emplace_back([later = c.admission(), wait = std::chrono::milliseconds(std::stol(*delay))] {
            std::this_thread::sleep_for(wait);
            later.accept();
        });
        return engineio::decide_later{std::make_unique<echo>(c)};
    }
    return std::make_unique<echo>(c);
}

class options {
  public:
    options(int count, char** arguments) {
        for (int i = 1; i < count; ++i) {
            const std::string each = arguments[i];
            const auto equals = each.find('=');
            if (!each.starts_with("--") || equals == std::string::npos)
                throw std::invalid_argument("not --name=value: " + each);
            given_[each.substr(2, equals - 2)] = each.substr(equals + 1);
        }
    }
    std::string text(const std::string& name, const std::string& otherwise) const {
        const auto found = given_.find(name);
        return found == given_.end() ? otherwise : found->second;
    }
    long number(const std::string& name, long otherwise) const {
        return std::stol(text(name, std::to_string(otherwise)));
    }
    base::milliseconds time(const std::string& name, base::milliseconds otherwise) const {
        return base::milliseconds(number(name, otherwise.count()));
    }

  private:
    std::map<std::string, std::string> given_;
};

engineio::settings settings_of(const options& o) {
    engineio::settings how;
    how.ping_interval = o.time("ping-interval", how.ping_interval);
    how.ping_timeout = o.time("ping-timeout", how.ping_timeout);
    how.upgrade_timeout = o.time("upgrade-timeout", how.upgrade_timeout);
    how.connect_timeout = o.time("connect-timeout", how.connect_timeout);
    how.max_payload = static_cast<std::uint32_t>(o.number("max-payload", how.max_payload));
    how.allow_upgrades = o.number("upgrades", 1) != 0;
    how.polling = o.number("polling", 1) != 0;
    how.websocket = o.number("websocket", 1) != 0;
    if (const auto name = o.text("cookie", ""); !name.empty()) how.cookie = engineio::cookie{.name = name};
    return how;
}

engineio::origin_policy origins_of(const options& o) {
    engineio::origin_policy origins;
    if (const auto one = o.text("origin", ""); one == "*") {
        origins.any = true;
    } else if (!one.empty()) {
        origins.allowed = {one};
    }
    origins.credentials = o.number("credentials", 0) != 0;
    return origins;
}

int serve(const options& o) {
    base::init_random();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    net::reactor threads(static_cast<base::shard_id>(o.number("shards", 2)));
    engineio::server engine(threads, settings_of(o), origins_of(o), admit);
    net::router router;
    router.add(engine.configuration().path, engine);
    router.otherwise(engine);
    net::http_server http(router);
    const net::connection_limits limits;
    const auto listener =
        net::listener::open(threads, "127.0.0.1", 0, limits, [&](std::shared_ptr<net::connection> c) {
            http.serve(std::move(c));
        }).value();
    threads.start();
    listener->start();
    std::printf("listening on 127.0.0.1:%u\n", unsigned{listener->port()});
    std::fflush(stdout);

    int number = 0;
    sigwait(&ends, &number);
    for (auto& each : deciding) each.join();
    for (base::shard_id i = 0; i < threads.count(); ++i) threads.post(i, [&] { engine.close_all(); });
    threads.stop();
    listener->stop();
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return serve(options(count, arguments));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "engineio_echo: %s\n", e.what());
        return 2;
    }
}
