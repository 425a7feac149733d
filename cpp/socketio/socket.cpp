#include "socketio/socket.hpp"

#include <utility>

#include "base/log.hpp"
#include "socketio/connection.hpp"
#include "socketio/registry.hpp"
#include "socketio/server.hpp"
#include "socketio/socket_details.hpp"

namespace chatterlink::socketio {
namespace {

// Whatever the application's code throws ends neither the socket nor the process (CVE-2024-38355).
template <class F>
void guarded(const char* where, F what) {
    try {
        what();
    } catch (const std::exception& e) {
        spdlog::error("socket.io {}: {}", where, e.what());
    }
}

void call(const ack_callback& then, ack_outcome how, json arguments = json::array()) {
    if (then) guarded("ack", [&] { then(how, std::move(arguments)); });
}

}  // namespace

socket::socket(server& owner, connection* lower, std::string id, std::string nsp)
    : owner_(owner), id_(std::move(id)), nsp_(std::move(nsp)) {
    if (lower != nullptr) attach(*lower);
}

socket::~socket() = default;

void socket::attach(connection& lower) noexcept {
    lower_ = &lower;
    client_ = &lower.lower();
}

connection* socket::detach() noexcept {
    was_on_ = transport();
    client_ = nullptr;
    return std::exchange(lower_, nullptr);
}

socket::details& socket::more() {
    if (!more_) more_ = std::make_unique<details>();
    return *more_;
}

json& socket::data() {
    return more().data;
}

engineio::transport socket::transport() const noexcept {
    return client_ != nullptr ? client_->current() : was_on_;
}

std::string socket::connection_id() const {
    return client_ != nullptr ? client_->sid() : std::string();
}

// ---- Sending ----

void socket::emit(std::string_view event, json arguments, emit_options how) {
    const auto out =
        owner_.encode_event(nsp_, event, std::move(arguments), how.volatile_event, bool(how.on_ack));
    send(out, std::move(how.on_ack), how.timeout);
}

void socket::send(const outgoing_ptr& what, ack_callback on_ack, base::milliseconds timeout) {
    const bool reachable = state_ == state::connected || state_ == state::deciding;
    if (what->ack_id && on_ack) {
        if (!reachable) return call(on_ack, ack_outcome::disconnected);
        await(*what->ack_id, std::move(on_ack), timeout);
    }
    if (!what->offset.empty() && more_ && more_->recover && state_ != state::ended) keep_for_recovery(what);
    write(what);
}

void socket::write(const outgoing_ptr& what) {
    if (state_ == state::connected) {
        lower_->send(*what);
    } else if (state_ == state::deciding && !what->volatile_event) {
        keep_early(what);
    }
}

void socket::keep_early(const outgoing_ptr& what) {
    auto& m = more();
    m.early_bytes += what->bytes;
    m.early.push_back(what);
    if (m.early_bytes <= owner_.how_.max_early_bytes) return;
    // Later: whoever sends here does not expect the socket to end under its hands.
    owner_.threads_.post(owner_.threads_.current(), [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && self->state_ == state::deciding && self->lower_ != nullptr)
            self->lower_->close(engineio::close_reason::transport_error);
    });
    m.early.clear();
    m.early_bytes = 0;
}

void socket::deliver(const hub::frame& f) {
    const auto& bytes = f.in(hub::encoding::socketio);
    if (state_ == state::connected) {
        client_->send(bytes, f.volatile_event);
    } else if (state_ == state::deciding && !f.volatile_event) {
        auto out = std::make_shared<outgoing>();
        out->frames.push_back(bytes);
        out->bytes = bytes->size();
        keep_early(out);
    }
}

static_assert(hub::subscriber::expect_steps == engineio::client::expect_steps, "a step here is one there");

void socket::expect(unsigned step) const noexcept {
    if (client_ != nullptr) client_->expect_send(step);
}

// ---- Answers ----

void socket::await(std::uint64_t id, ack_callback then, base::milliseconds timeout) {
    auto& acks = more().acks;
    if (acks.size() >= owner_.how_.max_pending_acks && !acks.empty()) {
        auto oldest = acks.extract(acks.begin());
        call(oldest.mapped().then, ack_outcome::timeout);
    }
    constexpr auto on_time = [](void* self) {
        const auto& late = *static_cast<pending_ack*>(self);
        const auto keep = late.owner.shared_from_this();
        auto node = late.owner.more_->acks.extract(late.id);
        call(node.mapped().then, ack_outcome::timeout);
    };
    const auto [place, added] = acks.try_emplace(id, *this, id, std::move(then), on_time);
    if (added && timeout.count() > 0)
        owner_.threads_.at(owner_.threads_.current()).start_timer(place->second.clock, timeout);
}

void socket::on_ack(std::uint64_t id, json arguments) {
    if (!more_) return;
    // An answer nobody waits for (any more) is ignored, as the protocol wants it.
    if (auto node = more_->acks.extract(id))
        call(node.mapped().then, ack_outcome::answer, std::move(arguments));
}

void socket::forget_acks() {
    if (!more_) return;
    const auto owed = std::exchange(more_->acks, {});
    for (const auto& [id, each] : owed) call(each.then, ack_outcome::disconnected);
}

// ---- Events ----

void socket::on_event(packet p) {
    const auto keep = shared_from_this();
    const std::string name = p.data[0].is_string() ? p.data[0].get<std::string>() : p.data[0].dump();
    p.data.erase(0);
    guarded("event", [&] {
        handler_->on_event(name, std::move(p.data),
                           p.id ? ack(owner_.threads_, keep, *p.id, owner_.how_.wire) : ack());
    });
}

void socket::pause() {
    if (paused_ || state_ != state::connected) return;
    paused_ = true;
    lower_->hold();
}

void socket::resume() {
    if (std::exchange(paused_, false)) lower_->release();
}

// ---- Rooms ----

bool socket::join(const std::string& room) {
    if (state_ != state::connected && state_ != state::deciding) return false;
    if (room == id_) return true;
    auto& places = more().rooms;
    if (places.contains(room)) return true;
    if (places.size() >= owner_.how_.max_rooms) return false;
    places.emplace(room, owner_.rooms_.subscribe(topic_of(nsp_, room), *this));
    return true;
}

void socket::leave(const std::string& room) {
    if (more_) more_->rooms.erase(room);
}

std::vector<std::string> socket::rooms() const {
    std::vector<std::string> all{id_};
    if (!more_) return all;
    for (const auto& [room, place] : more_->rooms) all.push_back(room);
    return all;
}

bool socket::in(const std::string& room) const {
    return room == id_ || (more_ && more_->rooms.contains(room));
}

// ---- Beginning and end ----

void socket::accept(std::unique_ptr<socket_handler> handler) {
    if (state_ != state::deciding) return handler->on_disconnect(engineio::close_reason::transport_close);
    state_ = state::connected;
    handler_ = std::move(handler);
    lower_->accepted(*this);
    if (!more_) return;
    more_->early_bytes = 0;
    for (const auto& each : std::exchange(more_->early, {})) write(each);
}

void socket::refuse(const json& data) {
    if (state_ != state::deciding) return;
    auto& lower = *lower_;
    finish(engineio::close_reason::server_close);
    lower.refused(*this, data);
}

void socket::disconnect(bool close_connection) {
    const auto keep = shared_from_this();
    if (close_connection && lower_ != nullptr) return lower_->disconnect_all();
    if (state_ == state::deciding) return refuse({{"message", "Disconnected by the server"}});
    if (state_ == state::connected) lower_->send(packet{packet_type::disconnect, nsp_, {}, {}, 0});
    finish(engineio::close_reason::server_close);
}

void socket::say_goodbye(engineio::close_reason why) {
    auto h = std::shared_ptr<socket_handler>(std::move(handler_));
    if (!h) return;
    guarded("disconnect", [&] { h->on_disconnect(why); });
    // It may be the handler's own event that ends the socket: it dies after its members have returned.
    owner_.threads_.post(owner_.threads_.current(), [h = std::move(h)] {});
}

void socket::finish(engineio::close_reason why) {
    if (state_ == state::ended) return;
    const auto keep = shared_from_this();
    state_ = state::ended;
    resume();
    if (auto* const lower = detach()) lower->forget(*this);
    say_goodbye(why);
    forget_acks();
    forget_recovery();
    owner_.registry_->remove(*this);
    more_.reset();
}

void socket::lost_connection() noexcept {
    detach();
    paused_ = false;
    state_ = state::ended;
    const auto dropped = std::move(handler_);  // which often holds this socket
}

}  // namespace chatterlink::socketio
