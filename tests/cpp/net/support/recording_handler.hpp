// An HTTP handler for tests: answers what each path says, and notes what it saw.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/http.hpp"
#include "net/reactor.hpp"

namespace chatterlink::test {

/// /echo gives back method, path and body, /host the Host; /held waits until its client goes (aborted counts
/// them) or answer_held(); /dropped is never answered; /throws throws; /move/N answers from shard N; /big
/// sends `big` bytes of 'x'; /file sends `file`; anything else is 404.
class recording_handler : public net::http_handler {
  public:
    explicit recording_handler(net::reactor* threads = nullptr) : threads_(threads) {}

    std::uint64_t body_limit(const net::exchange&) override { return 1000; }

    void handle(net::exchange_ptr e) override {
        ++requests;
        const auto path = e->path();
        if (path == "/echo") return echo(*e);
        if (path == "/held") {
            e->on_abort([this, e] {
                ++aborted;
                e->respond(net::response::text(400, ""));
            });
            held = e;
            ++holding;
            return;
        }
        if (path == "/host") return e->respond(net::response::text(200, e->host()));
        if (path == "/dropped") return;
        if (path == "/throws") throw std::runtime_error("expected in this test");
        if (path == "/big") return e->respond(net::response::text(200, std::string(big, 'x')));
        if (path == "/file") {
            net::response head;
            head.content_type = "application/octet-stream";
            const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
            return e->respond_file(std::move(head), {descriptor, file_size});
        }
        if (path.starts_with("/move/")) {
            const auto to = static_cast<base::shard_id>(path.back() - '0');
            return e->hand_over(threads_->at(to), [this](net::exchange_ptr moved) {
                moved->respond(net::response::text(
                    200, "shard " + std::to_string(threads_->current()) + " " + std::string(moved->body())));
            });
        }
        e->respond(net::response::failure(base::fail(base::errc::not_found, "nothing here")));
    }

    void use(net::reactor& threads) { threads_ = &threads; }

    std::atomic<int> requests{0};
    std::atomic<int> holding{0};
    std::atomic<int> aborted{0};
    net::exchange_ptr held;  // touched on its shard only
    std::size_t big = 0;
    std::string file;
    std::uint64_t file_size = 0;

  private:
    static void echo(net::exchange& e) {
        auto r = net::response::text(
            200, std::string(e.method()) + " " + std::string(e.target()) + " " + std::string(e.body()));
        if (e.header("X-Close") == "yes") r.close = true;
        e.respond(std::move(r));
    }

    net::reactor* threads_;
};

/// Answers with whatever a function does.
class function_handler : public net::http_handler {
  public:
    explicit function_handler(std::function<void(const net::exchange_ptr&)> f) : f_(std::move(f)) {}
    std::uint64_t body_limit(const net::exchange&) override { return 1000; }
    void handle(net::exchange_ptr e) override { f_(e); }

  private:
    std::function<void(const net::exchange_ptr&)> f_;
};

}  // namespace chatterlink::test
