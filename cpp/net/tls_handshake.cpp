#include "net/tls_handshake.hpp"

#include <utility>

#include "base/log.hpp"

namespace chatterlink::net {
namespace {

// Owned by the wait it has under way.
class handshake final : public connection_owner, public std::enable_shared_from_this<handshake> {
  public:
    handshake(std::shared_ptr<connection> c, std::function<void(std::shared_ptr<connection>)> ready)
        : connection_(std::move(c)), ready_(std::move(ready)) {}

    void start(base::milliseconds limit) {
        connection_->set_owner(weak_from_this());
        connection_->home().start_timer(deadline_, limit);
        step();
    }

    void shutting_down() override {
        deadline_.cancel();
        connection_->close_now();
    }

  private:
    void step() {
        if (!connection_->open()) return deadline_.cancel();
        switch (connection_->advance_handshake()) {
            case tls_step::done:
                deadline_.cancel();
                connection_->set_owner({});
                return ready_(connection_);
            case tls_step::want_more:
                return connection_->when_readable([self = shared_from_this()](bool usable) {
                    if (usable) return self->step();
                    self->deadline_.cancel();
                    self->connection_->close_now();
                });
            case tls_step::closed:
            case tls_step::failed:
                break;
        }
        spdlog::debug("TLS handshake with {} failed: {}", connection_->remote_address(),
                      connection_->tls()->reason());
        deadline_.cancel();
        connection_->set_owner({});
        connection_->close_after_flush();  // the alert that says why
    }

    std::shared_ptr<connection> connection_;
    std::function<void(std::shared_ptr<connection>)> ready_;
    timer deadline_{[](void* self) { static_cast<handshake*>(self)->connection_->close_now(); }, this};
};

}  // namespace

void start_tls(std::shared_ptr<connection> c, const tls_context& keys,
               std::function<void(std::shared_ptr<connection>)> ready) {
    const auto limit = c->limits().tls_handshake;
    c->use_tls(std::make_unique<tls_engine>(keys.current()));
    std::make_shared<handshake>(std::move(c), std::move(ready))->start(limit);
}

}  // namespace chatterlink::net
