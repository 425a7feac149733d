// What the server does with many sockets at once: one task for each shard that may have some of them.
#include <algorithm>
#include <mutex>
#include <utility>

#include "base/log.hpp"
#include "socketio/outgoing.hpp"
#include "socketio/registry.hpp"
#include "socketio/server.hpp"

namespace chatterlink::socketio {
namespace {

// In base 36; clients give it back, nobody reads it.
std::string offset_text(std::uint64_t number) {
    std::string text;
    do {
        text.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
        number /= 36;
    } while (number != 0);
    return text;
}

// Everybody who is to be kept alive while they are ended or changed one after the other.
std::vector<socket_ptr> kept(const std::vector<socket*>& found) {
    std::vector<socket_ptr> all;
    all.reserve(found.size());
    for (auto* const s : found) all.push_back(s->shared_from_this());
    return all;
}

// The answers to one broadcast, from whichever shards.
class answer_collector {
  public:
    explicit answer_collector(broadcast_acks how) : how_(std::move(how)) {}

    void expect_shards(std::size_t n) { shards_ = n; }
    void shard_asked(std::size_t sockets) {
        std::unique_lock guard(lock_);
        expected_ += sockets;
        ++shards_asked_;
        finish_if_done(guard);
    }
    void heard(const std::string& sid, ack_outcome how, json arguments) {
        if (how == ack_outcome::answer && how_.on_answer) how_.on_answer(sid, arguments);
        std::unique_lock guard(lock_);
        ++heard_;
        if (how == ack_outcome::answer) {
            got_.answers.push_back({sid, std::move(arguments)});
        } else {
            ++got_.missing;
        }
        finish_if_done(guard);
    }
    base::milliseconds timeout() const noexcept { return how_.timeout; }

  private:
    void finish_if_done(std::unique_lock<std::mutex>& guard) {
        if (shards_asked_ < shards_ || heard_ < expected_ || !how_.on_done) return;
        const auto done = std::exchange(how_.on_done, nullptr);
        auto all = std::move(got_);
        guard.unlock();
        done(std::move(all));
    }

    std::mutex lock_;
    broadcast_acks how_;
    std::size_t shards_ = 0, shards_asked_ = 0, expected_ = 0, heard_ = 0;
    broadcast_answers got_;
};

}  // namespace

struct server::audience {
    explicit audience(const target& to) : who(to) {
        for (const auto& room : who.rooms) topics.push_back(topic_of(who.nsp, room));
        if (!who.except_rooms) return;
        for (const auto& room : who.except) excepted.push_back(topic_of(who.nsp, room));
    }
    const target who;
    std::vector<std::string> topics, excepted;
};

outgoing_ptr server::encode_event(const std::string& nsp, std::string_view event, json arguments,
                                  bool volatile_event, bool wants_ack) {
    packet p{packet_type::event, nsp, {}, event_data(event, std::move(arguments)), 0};
    std::string offset;
    if (wants_ack) {
        p.id = next_ack_.fetch_add(1, std::memory_order_relaxed);
    } else if (how_.recovery.enabled && !volatile_event) {
        offset = offset_text(next_offset_.fetch_add(1, std::memory_order_relaxed));
        p.data.push_back(offset);
    }
    auto out = make_outgoing(std::move(p), how_.wire);
    out->offset = std::move(offset);
    out->volatile_event = volatile_event;
    return out;
}

std::vector<base::shard_id> server::shards_of(const audience& a) {
    std::vector<base::shard_id> where;
    if (a.who.rooms.empty()) {
        for (base::shard_id i = 0; i < threads_.count(); ++i) where.push_back(i);
        return where;
    }
    for (std::size_t i = 0; i < a.topics.size(); ++i) {
        rooms_.interested(a.topics[i], where);
        if (const auto own = registry_->locate(a.who.rooms[i]); own != base::no_shard) where.push_back(own);
    }
    std::sort(where.begin(), where.end());
    where.erase(std::unique(where.begin(), where.end()), where.end());
    return where;
}

void server::gather(const audience& a, std::vector<socket*>& into) const {
    const auto* const here = registry_->in(a.who.nsp);
    if (here == nullptr) return;
    const auto in_rooms = [&](const std::vector<std::string>& names, const std::vector<std::string>& topics,
                              std::vector<socket*>& members) {
        std::vector<hub::subscriber*> found;
        for (const auto& topic : topics) rooms_.here().collect(topic, found);
        for (auto* const each : found) members.push_back(static_cast<socket*>(each));
        for (const auto& name : names) {
            if (const auto own = here->find(name); own != here->end()) members.push_back(own->get());
        }
        std::sort(members.begin(), members.end());
        members.erase(std::unique(members.begin(), members.end()), members.end());
    };
    if (a.who.rooms.empty()) {
        into.reserve(here->size());
        for (const auto& s : *here) into.push_back(s.get());
    } else {
        in_rooms(a.who.rooms, a.topics, into);
    }
    if (a.who.except.empty()) return;
    std::vector<socket*> excepted;
    in_rooms(a.who.except, a.excepted, excepted);
    std::erase_if(into, [&](socket* s) { return std::binary_search(excepted.begin(), excepted.end(), s); });
}

void server::visit(const target& who, const std::function<void(const std::vector<base::shard_id>&)>& plan,
                   std::function<void(const std::vector<socket*>&)> what) {
    const auto a = std::make_shared<const audience>(who);
    const auto task = [this, a, what = std::move(what)] {
        std::vector<socket*> found;
        gather(*a, found);
        what(found);
    };
    const std::lock_guard order(registry_->order_of(who.nsp));
    auto where = shards_of(*a);
    if (where.empty() && plan) where.push_back(0);  // whoever waits for the end hears that nobody is there
    if (plan) plan(where);
    for (const auto shard : where) threads_.post(shard, task);
}

// ---- Emitting ----

// The id of the only socket meant, when that is clear without asking any shard.
std::optional<std::string> server::only_socket(const target& to) {
    if (to.rooms.size() != 1 || !to.except.empty()) return std::nullopt;
    if (registry_->locate(to.rooms[0]) == base::no_shard) return std::nullopt;
    std::vector<base::shard_id> as_room;
    if (threads_.count() > 1) rooms_.interested(topic_of(to.nsp, to.rooms[0]), as_room);
    return threads_.count() > 1 && as_room.empty() ? std::optional(to.rooms[0]) : std::nullopt;
}

void server::emit(const target& to, std::string_view event, json arguments) {
    if (const auto sid = only_socket(to))
        return emit_to(to.nsp, *sid, event, std::move(arguments), {.volatile_event = to.volatile_event});
    visit(to, nullptr,
          [out = encode_event(to.nsp, event, std::move(arguments), to.volatile_event, false)](
              const std::vector<socket*>& found) {
              for (auto* const s : found) s->send(out);
          });
}

void server::emit(const target& to, std::string_view event, json arguments, broadcast_acks answers) {
    const auto out = encode_event(to.nsp, event, std::move(arguments), false, true);
    const auto collect = std::make_shared<answer_collector>(std::move(answers));
    visit(
        to, [&](const auto& shards) { collect->expect_shards(shards.size()); },
        [out, collect](const std::vector<socket*>& found) {
            std::size_t asked = 0;
            for (const auto& s : kept(found)) {
                if (s->lower() == nullptr) continue;
                ++asked;
                s->send(
                    out,
                    [collect, sid = s->id()](ack_outcome how, json answer) {
                        collect->heard(sid, how, std::move(answer));
                    },
                    collect->timeout());
            }
            collect->shard_asked(asked);
        });
}

// ---- Rooms and sockets ----

void server::join_rooms(const target& who, std::vector<std::string> rooms) {
    std::vector<std::string> topics;
    topics.reserve(rooms.size());
    for (const auto& room : rooms) topics.push_back(topic_of(who.nsp, room));
    visit(
        who,
        [&](const auto& shards) {
            for (const auto shard : shards) {
                for (const auto& topic : topics) rooms_.expect(topic, shard);
            }
        },
        [this, rooms, topics](const std::vector<socket*>& found) {
            for (auto* const s : found) {
                for (const auto& room : rooms) s->join(room);
            }
            for (const auto& topic : topics) rooms_.arrived(topic, threads_.current());
        });
}

void server::leave_rooms(const target& who, std::vector<std::string> rooms) {
    visit(who, nullptr, [rooms = std::move(rooms)](const std::vector<socket*>& found) {
        for (auto* const s : found) {
            for (const auto& room : rooms) s->leave(room);
        }
    });
}

void server::disconnect(const target& who, bool close_connection) {
    visit(who, nullptr, [close_connection](const std::vector<socket*>& found) {
        for (const auto& s : kept(found)) s->disconnect(close_connection);
    });
}

void server::fetch(const target& who, std::function<void(std::vector<socket_info>)> then) {
    struct collected {
        std::mutex lock;
        std::size_t shards_left = 0;
        std::vector<socket_info> sockets;
    };
    const auto all = std::make_shared<collected>();
    visit(
        who, [&](const auto& shards) { all->shards_left = shards.size(); },
        [all, then = std::move(then)](const std::vector<socket*>& found) {
            std::vector<socket_info> here;
            for (auto* const s : found) {
                if (s->connected()) here.push_back({s->id(), s->rooms(), s->data()});
            }
            std::unique_lock guard(all->lock);
            std::move(here.begin(), here.end(), std::back_inserter(all->sockets));
            if (--all->shards_left != 0) return;
            guard.unlock();
            then(std::move(all->sockets));
        });
}

}  // namespace chatterlink::socketio
