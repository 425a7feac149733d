// A WebSocket server for tests/py/test_websocket_suite.py: sends back what it gets, over net::websocket and
// nothing above it. /echo sends a message back, /broadcast to everybody there as one shared frame; GET
// /counters tells how much was compressed, as JSON. Prints its address; ends on SIGTERM.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "net/reactor.hpp"
#include "net/websocket.hpp"
#include "net/websocket_frame.hpp"

namespace {

using namespace chatterlink;

class echo_server final : public net::http_handler {
  public:
    echo_server(net::reactor& threads, const net::websocket_limits& limits)
        : threads_(threads), limits_(limits), shards_(threads.count()) {}

    std::uint64_t body_limit(const net::exchange&) override { return 0; }

    void handle(net::exchange_ptr e) override {
        if (e->path() == "/counters") return e->respond(net::response::json(200, counters()));
        if (!e->wants_websocket()) return e->respond(net::response::text(404, "nothing here\n"));
        if (auto refusal = net::websocket_refusal(*e)) return e->respond(*std::move(refusal));
        auto c = std::make_shared<client>(*this, e->home().id(), e->path() == "/broadcast");
        shards_[c->shard].insert(c);
        c->socket = net::websocket::accept(*e, *c, limits_);
    }

  private:
    // Kept until its connection is over. One shard.
    struct client final : net::websocket::listener {
        client(echo_server& server, base::shard_id where, bool to_all)
            : owner(server), shard(where), broadcasts(to_all) {}

        void websocket_opened() override { open = true; }
        void websocket_message(std::string_view payload, bool binary) override {
            auto frame = net::websocket_frame(
                binary ? net::websocket_opcode::binary : net::websocket_opcode::text, payload);
            if (broadcasts) return owner.broadcast(std::move(frame));
            socket->send(std::move(frame));
        }
        void websocket_closed(std::uint16_t) override {
            auto& all = owner.shards_[shard];
            all.erase(std::find_if(all.begin(), all.end(), [this](auto& c) { return c.get() == this; }));
        }

        echo_server& owner;
        const base::shard_id shard;
        const bool broadcasts;
        bool open = false;
        std::shared_ptr<net::websocket> socket;
    };

    void broadcast(base::buffer_ptr frame) {
        for (base::shard_id where = 0; where < threads_.count(); ++where) {
            threads_.post(where, [this, where, frame] {
                const auto all = shards_[where];  // one that is too slow leaves while the others are served
                for (const auto& c : all) {
                    if (c->broadcasts && c->open) c->socket->send(frame);
                }
            });
        }
    }

    static std::string counters() {
        const auto& counts = net::deflate_counts();
        const auto field = [](const char* name, const std::atomic<std::uint64_t>& value) {
            return std::string("\"") + name + "\":" + std::to_string(value.load());
        };
        return "{" + field("deflated", counts.deflated) + "," +
               field("deflate_bytes_in", counts.deflate_bytes_in) + "," +
               field("deflate_bytes_out", counts.deflate_bytes_out) + "," +
               field("inflated", counts.inflated) + "," + field("open", net::counters().open) + "}";
    }

    net::reactor& threads_;
    const net::websocket_limits& limits_;
    std::vector<std::set<std::shared_ptr<client>>> shards_;  // each touched by its own shard only
};

// "--name value" among the arguments, else the default.
std::size_t number(int count, char** arguments, std::string_view name, std::size_t otherwise) {
    for (int i = 1; i + 1 < count; ++i) {
        if (arguments[i] == name) return std::strtoull(arguments[i + 1], nullptr, 10);
    }
    return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends,
                    nullptr);  // before the threads begin, so that none of them is interrupted
    std::signal(SIGPIPE, SIG_IGN);

    net::websocket_limits limits;
    limits.max_message = number(count, arguments, "--max-message", limits.max_message);
    limits.deflate.enabled = number(count, arguments, "--deflate", 0) != 0;
    limits.deflate.client_takeover = number(count, arguments, "--client-takeover", 0) != 0;
    limits.deflate.threshold = number(count, arguments, "--threshold", limits.deflate.threshold);
    const net::http_limits http{};
    net::connection_limits connections;
    connections.max_queue = 16 * 1024 * 1024;

    net::reactor threads(static_cast<base::shard_id>(number(count, arguments, "--threads", 1)));
    echo_server echo(threads, limits);
    net::http_server server(echo, http);
    const auto listener =
        net::listener::open(threads, "127.0.0.1", 0, connections, [&](std::shared_ptr<net::connection> c) {
            server.serve(std::move(c));
        }).value();
    threads.start();
    listener->start();
    std::printf("listening on 127.0.0.1:%u\n", unsigned{listener->port()});
    std::fflush(stdout);
    int which = 0;
    sigwait(&ends, &which);
    threads.stop();
    listener->stop();
    return 0;
}
