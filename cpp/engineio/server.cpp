#include "engineio/server.hpp"

#include <chrono>
#include <string_view>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "engineio/cookie.hpp"

namespace chatterlink::engineio {
namespace {

constexpr std::size_t sid_random_bytes = 20;  // 160 bits: not to be guessed
constexpr auto tell_again = std::chrono::seconds(10);

// Whether the query has a sid at all, be it one that cannot be decoded.
bool names_session(std::string_view query) {
    return query.starts_with("sid=") || query.find("&sid=") != std::string_view::npos;
}

}  // namespace

server::server(net::reactor& threads, settings how, origin_policy origins, open_handler on_open)
    : threads_(threads),
      how_(how),
      origins_(std::move(origins)),
      limits_{.max_message = how.max_payload, .deflate = how.deflate},
      common_{how_, limits_, [this](client& gone) { forget(gone); }},
      on_open_(std::move(on_open)),
      shards_(threads.count()) {
    if (how_.cookie) check_cookie(*how_.cookie).value();
}

server::~server() = default;

std::uint64_t server::body_limit(const net::exchange& e) {
    return e.method() == "POST" ? how_.max_payload : 0;
}

// Tells a session of a POST that is on its way, wherever its connection lives: a second one meanwhile, or one
// that breaks off, ends the session as with the other transports' errors.
class server::post_watch final : public net::body_watch {
  public:
    post_watch(server& owner, base::shard_id where, std::string sid,
               std::shared_ptr<const net::request_info> id)
        : owner_(owner), where_(where), sid_(std::move(sid)), id_(std::move(id)) {
        tell(&client::on_post_begun);
    }
    ~post_watch() override {
        if (!arrived_) tell(&client::on_post_ended);
    }
    void arrived() override { arrived_ = true; }

  private:
    void tell(void (client::*what)(const void*)) const {
        owner_.threads_.run_on(where_, [&owner = owner_, where = where_, sid = sid_, id = id_, what] {
            if (auto* const c = owner.find(where, sid)) (c->*what)(id.get());
        });
    }

    server& owner_;
    base::shard_id where_;
    std::string sid_;
    std::shared_ptr<const net::request_info> id_;  // one for each request, so its address tells them apart
    bool arrived_ = false;
};

std::unique_ptr<net::body_watch> server::body_expected(const net::exchange& e) {
    if (e.method() != "POST" || net::query_value(e.query(), "transport") != "polling") return nullptr;
    auto sid = net::query_value(e.query(), "sid");
    const auto where = base::shard_in_token(sid.value_or(""));
    if (where >= shards_.size() || !page_may(e)) return nullptr;
    return std::make_unique<post_watch>(*this, where, std::move(*sid), e.info());
}

void server::refuse(net::exchange& e, protocol_error why) {
    auto r = refusal::because(why).answer();
    r.close = e.wants_websocket();
    e.respond(std::move(r));
}

bool server::page_may(const net::exchange& e) const {
    const auto origin = e.header("Origin");
    return origin.empty() || origins_.allows(origin, e.host(), e.secure());
}

void server::handle(net::exchange_ptr e) {
    if (!origins_.allows(e->header("Origin"), e->host(), e->secure()))
        return refuse(*e, protocol_error::forbidden);
    origins_.add_headers(*e);
    if (e->method() == "OPTIONS") return e->respond(origins_.preflight(*e));

    const auto name = net::query_value(e->query(), "transport");
    transport t = transport::polling;
    if (name == "websocket") {
        t = transport::websocket;
    } else if (name != "polling") {
        return refuse(*e, protocol_error::unknown_transport);
    }
    if (!how_.has(t)) return refuse(*e, protocol_error::unknown_transport);
    if ((t == transport::websocket) != e->wants_websocket()) return refuse(*e, protocol_error::bad_request);
    if (t == transport::websocket) {
        if (auto refused = net::websocket_refusal(*e)) return e->respond(*std::move(refused));
    }

    const auto sid = net::query_value(e->query(), "sid");
    if (sid) return continue_session(std::move(e), t, *sid);
    if (names_session(e->query())) return refuse(*e, protocol_error::unknown_sid);
    if (e->method() != "GET") return refuse(*e, protocol_error::bad_handshake_method);
    if (net::query_value(e->query(), "EIO") != "4") return refuse(*e, protocol_error::unsupported_version);
    handshake(std::move(e), t);
}

void server::handshake(net::exchange_ptr e, transport t) {
    net::shard& home = e->home();
    if (shards_[home.id()].clients.size() >= how_.max_sessions) return refuse_full(*e);
    auto made =
        std::make_shared<client>(base::random_token_of(home.id(), sid_random_bytes), t, common_, home);
    auto decided = on_open_(*made, *e);
    shards_[home.id()].clients.insert(made);
    made->start(std::move(e), std::move(decided));
}

void server::refuse_full(net::exchange& e) {
    auto& told = shards_[e.home().id()].told_full;
    if (const auto now = base::steady_now(); told == base::steady_time{} || now - told >= tell_again) {
        told = now;
        spdlog::warn("there are {} sessions on one thread: new ones are refused", how_.max_sessions);
    }
    auto r = refusal{503, R"({"code":4,"message":"There are too many sessions"})"}.answer();
    r.close = true;
    e.respond(std::move(r));
}

void server::forget(client& gone) {
    auto& here = shards_[gone.home().id()];
    if (gone.left_without_poll()) here.left.add(gone.sid(), base::steady_now());
    here.clients.erase(std::string_view(gone.sid()));
}

bool server::answer_departed(departed& left, net::exchange& e, transport t, const std::string& sid) {
    if (t != transport::polling || e.method() != "GET" || !left.take(sid, base::steady_now())) return false;
    client::respond_noop(e);
    return true;
}

void server::continue_session(net::exchange_ptr e, transport t, const std::string& sid) {
    const base::shard_id where = base::shard_in_token(sid);
    if (where >= shards_.size()) return refuse(*e, protocol_error::unknown_sid);
    if (where != e->home().id()) {
        net::shard& there = threads_.at(where);
        return e->hand_over(
            there, [this, t, sid](net::exchange_ptr moved) { continue_session(std::move(moved), t, sid); });
    }
    auto* const found = find(where, sid);
    if (found == nullptr) {
        if (!answer_departed(shards_[where].left, *e, t, sid)) refuse(*e, protocol_error::unknown_sid);
        return;
    }
    const auto c = found->shared_from_this();
    c->check_time();
    if (!c->reachable()) return refuse(*e, protocol_error::unknown_sid);
    if (t == transport::websocket) return c->on_probe(std::move(e));
    if (c->current() != transport::polling) return refuse(*e, protocol_error::bad_request);
    if (e->method() == "GET") return c->on_poll(std::move(e));
    if (e->method() == "POST") return c->on_post(std::move(e));
    refuse(*e, protocol_error::bad_request);
}

client* server::find(base::shard_id here, const std::string& sid) const {
    const auto found = shards_[here].clients.find(sid);
    return found == shards_[here].clients.end() ? nullptr : found->get();
}

void server::visit(const std::string& sid, std::function<void(client*)> what) {
    const base::shard_id where = base::shard_in_token(sid);
    if (where >= shards_.size()) return what(nullptr);
    threads_.post(where, [this, where, sid, what = std::move(what)] {
        auto* const c = find(where, sid);
        const auto keep = c != nullptr ? c->shared_from_this() : nullptr;
        what(c != nullptr && c->open() ? c : nullptr);
    });
}

void server::close_all() {
    auto& clients = shards_[threads_.current()].clients;
    while (!clients.empty()) {  // again, should one of them bring another
        const std::vector<std::shared_ptr<client>> all(clients.begin(), clients.end());
        for (const auto& c : all) {
            c->close_at_once();
            clients.erase(std::string_view(c->sid()));
        }
    }
}

}  // namespace chatterlink::engineio
