// readiness with what Asio has on every system (kqueue on macOS): one wait under way per socket that asks.
#include <boost/asio/posix/stream_descriptor.hpp>
#include <unordered_map>

#include "net/readiness.hpp"

namespace chatterlink::net {
namespace {

class asio_readiness final : public readiness {
  public:
    explicit asio_readiness(boost::asio::io_context& context) : context_(context) {}

    ~asio_readiness() override {
        for (const auto& [descriptor, each] : sockets_) each->give_up();
    }

    bool add(int descriptor, ready_hook& who) noexcept override {
        try {
            const auto made = std::make_shared<entry>(context_, descriptor, who);
            sockets_.insert_or_assign(descriptor, made);
            made->wait_for_input();
            return true;
        } catch (const std::exception&) {
            sockets_.erase(descriptor);
            return false;
        }
    }

    void want_input(int descriptor) override {
        if (const auto found = sockets_.find(descriptor); found != sockets_.end())
            found->second->wait_for_input();
    }

    void want_output(int descriptor, ready_hook&) override {
        if (const auto found = sockets_.find(descriptor); found != sockets_.end())
            found->second->wait_for_output();
    }

    void remove(int descriptor, const ready_hook&) noexcept override {
        const auto found = sockets_.find(descriptor);
        if (found == sockets_.end()) return;
        found->second->give_up();
        sockets_.erase(found);
    }

    // The context itself tells those that are ready.
    void arm() override {}
    bool look() override { return false; }
    bool pending() const noexcept override { return false; }
    void serve(const bool&) override {}

  private:
    using stream = boost::asio::posix::stream_descriptor;

    // Held by its waits too, which may outlast it.
    class entry : public std::enable_shared_from_this<entry> {
      public:
        entry(boost::asio::io_context& context, int descriptor, ready_hook& who)
            : socket_(context, descriptor), who_(&who) {}
        ~entry() { give_up(); }

        void wait_for_input() { wait(stream::wait_read, input_, {.input = true}); }
        void wait_for_output() { wait(stream::wait_write, output_, {.output = true}); }

        void give_up() noexcept {
            who_ = nullptr;
            if (socket_.is_open()) socket_.release();  // it is not ours
        }

      private:
        void wait(stream::wait_type what, bool& under_way, ready tells) {
            if (std::exchange(under_way, true)) return;
            socket_.async_wait(what, [self = shared_from_this(), &under_way,
                                      tells](const boost::system::error_code& failed) mutable {
                under_way = false;
                tells.ended = failed.failed();
                if (self->who_) self->who_->on_ready(tells);
            });
        }

        stream socket_;
        ready_hook* who_;
        bool input_ = false;
        bool output_ = false;
    };

    boost::asio::io_context& context_;
    std::unordered_map<int, std::shared_ptr<entry>> sockets_;
};

}  // namespace

std::unique_ptr<readiness> readiness::make_portable(boost::asio::io_context& context) {
    return std::make_unique<asio_readiness>(context);
}

}  // namespace chatterlink::net
