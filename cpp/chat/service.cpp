#include "chat/service.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace chatterlink::chat {
namespace {

using base::errc;
using base::fail;

constexpr std::size_t token_bytes = 18;
constexpr std::size_t token_min = 16;  // characters of a token a client brings along
constexpr std::size_t token_max = 64;

// Cuts a page to so many bytes of text (at least one message): from the far end of the direction it was asked
// in.
void trim(history_page& page, bool upwards, std::size_t most) {
    std::size_t bytes = 0;
    std::size_t kept = 0;
    const std::size_t n = page.messages.size();
    while (kept < n) {
        bytes += page.messages[upwards ? kept : n - 1 - kept].text.size();
        if (bytes > most && kept > 0) break;
        ++kept;
    }
    if (kept == n) return;
    page.more = true;
    const auto first = page.messages.begin();
    if (upwards) {
        page.messages.erase(first + static_cast<std::ptrdiff_t>(kept), page.messages.end());
    } else {
        page.messages.erase(first, page.messages.end() - static_cast<std::ptrdiff_t>(kept));
    }
}

// How many rooms a participant is in or on its way into; a room that is both counts once.
std::size_t claimed_rooms(const participant& who) {
    if (!who.joins_under_way) return who.rooms.size();
    const auto fresh = std::count_if(who.joins_under_way->begin(), who.joins_under_way->end(),
                                     [&](const auto& each) { return !who.rooms.contains(each.first); });
    return who.rooms.size() + static_cast<std::size_t>(fresh);
}

base::error not_joined(const std::string& room) {
    return fail(errc::not_joined,
                room.empty() ? "join a room first" : "you are not in the room '" + room + "'");
}

}  // namespace

service::service(base::shards& threads, hub::hub& rooms, store& kept, limits bounds)
    : threads_(threads), hub_(rooms), store_(kept), limits_(bounds), shards_(threads.count()) {}

service::~service() = default;

participant_ptr service::enter(hub::subscriber& who) {
    return std::make_shared<participant>(next_participant_.fetch_add(1, std::memory_order_relaxed),
                                         threads_.current(), who, limits_);
}

void service::exit(participant& who) {
    who.gone = true;
    for (auto& [name, m] : std::exchange(who.rooms, {})) {
        m.subscription.reset();
        threads_.run_on(threads_.home_of(name),
                        [this, room_name = name, id = who.id] { leave_here(room_name, id); });
    }
}

const std::string* service::only_room(const participant& who) {
    return who.rooms.size() == 1 ? &who.rooms.begin()->first : nullptr;
}

std::optional<base::error> service::too_often(token_bucket& bucket, std::string_view what) const {
    if (!limits_.rate_limited) return std::nullopt;
    const auto wait = bucket.take(base::steady_now());
    if (!wait) return std::nullopt;
    return base::error{errc::rate_limited, "too many " + std::string(what) + ", slow down", wait};
}

// ---- Rooms on their home shard ----

room& service::room_here(const std::string& name) {
    auto& r = shards_[threads_.current()].rooms[name];
    if (!r) r = std::make_unique<room>(name, limits_);
    return *r;
}

room* service::find_here(const std::string& name) {
    auto& rooms = shards_[threads_.current()].rooms;
    const auto found = rooms.find(name);
    return found == rooms.end() ? nullptr : found->second.get();
}

// What a large room's names would cost at each join is time that everybody in it waits.
name_list_ptr service::names_in(room& r) const {
    return r.members(r.count() <= limits_.members_whole ? limits_.members_whole : limits_.members_page);
}

void service::drop_if_empty(const std::string& name) {
    auto& rooms = shards_[threads_.current()].rooms;
    const auto found = rooms.find(name);
    if (found != rooms.end() && found->second->empty()) rooms.erase(found);
}

void service::leave_here(const std::string& name, participant_id who) {
    room* const r = find_here(name);
    if (r == nullptr) return;
    const bool was_typing = r->set_typing(who, false, base::steady_now());
    r->leave(who);
    if (r->empty()) return drop_if_empty(name);
    if (was_typing) schedule_typing(*r);
    schedule_presence(*r);
}

// ---- Join ----

void service::join(const participant_ptr& who, join_request what, done<joined> then) {
    if (auto wait = too_often(who->joins, "joins")) return then(std::move(*wait));
    auto as = check_user_name(what.username);
    if (!as) return then(as.error());
    auto where = check_room_name(what.room);
    if (!where) return then(where.error());
    if (!who->rooms.contains(where->display) && !who->joining(where->display) &&
        claimed_rooms(*who) >= limits_.max_rooms_per_client) {
        return then(fail(errc::too_many_rooms, "you are in " + std::to_string(limits_.max_rooms_per_client) +
                                                   " rooms already: leave one first"));
    }
    if (!who->token) {
        const bool brought = what.token.size() >= token_min && what.token.size() <= token_max;
        who->token = base::shared_buffer::copy_of(brought ? what.token : base::random_token(token_bytes));
    }
    who->join_begins(where->display);
    const base::shard_id home = threads_.home_of(where->display);
    threads_.run_on(
        home, [this, who, as = std::move(*as), token = who->token, room_name = std::move(where->display),
               since = what.since, then = std::move(then)]() mutable {
            enter_room(who, std::move(as), std::move(token), std::move(room_name), since, std::move(then));
        });
}

// On the room's home shard.
void service::enter_room(const participant_ptr& who, chat::name as, base::buffer_ptr token,
                         std::string room_name, std::optional<std::uint64_t> since, done<joined> then) {
    room& r = room_here(room_name);
    // Under the name it may give up now: nobody else would tell that it types no more.
    if (r.set_typing(who->id, false, base::steady_now())) schedule_typing(r);
    auto in = r.enter(who->id, as, token);
    if (!in) {
        drop_if_empty(room_name);
        return threads_.run_on(who->home, [who, room_name, failed = in.error(), then = std::move(then)] {
            who->join_ended(room_name);
            then(failed);
        });
    }
    schedule_presence(r);
    joined answer{
        std::move(*in), std::move(room_name), std::string(token->view()), names_in(r), r.count(), {}};
    threads_.run_on(who->home,
                    [this, who, answer = std::move(answer), since, then = std::move(then)]() mutable {
                        subscribe_and_read(who, std::move(answer), since, std::move(then));
                    });
}

// On the participant's shard. Subscribes first and holds what comes, then reads: nothing falls between.
void service::subscribe_and_read(const participant_ptr& who, joined so_far,
                                 std::optional<std::uint64_t> since, done<joined> then) {
    const std::string room_name = so_far.room;
    if (who->gone) {
        return threads_.run_on(threads_.home_of(room_name),
                               [this, room_name, id = who->id] { leave_here(room_name, id); });
    }
    auto& m = who->rooms[room_name];
    m.username = so_far.you;
    if (!m.subscription) {
        m.subscription = hub_.subscribe(room_name, who->subscriber);
        m.subscription->hold();
    }
    history_query which{room_name, std::nullopt, since,
                        since ? limits_.join_history_since : limits_.join_history};
    store_.history(std::move(which), [this, who, answer = std::move(so_far), upwards = since.has_value(),
                                      then = std::move(then)](base::result<history_page>&& page) mutable {
        if (page) trim(*page, upwards, limits_.history_bytes);
        threads_.run_on(who->home, [this, who, answer = std::move(answer), page = std::move(page),
                                    then = std::move(then)]() mutable {
            who->join_ended(answer.room);
            if (who->gone) return;  // exit() has left the room
            const auto membership = who->rooms.find(answer.room);
            if (!page) {
                if (membership != who->rooms.end()) static_cast<void>(leave(*who, answer.room));
                return then(page.error());
            }
            if (membership == who->rooms.end()) return then(not_joined(answer.room));  // left meanwhile
            answer.history = std::move(*page);
            const std::uint64_t last_seq = answer.history.last_seq;
            const std::string name = answer.room;
            then(std::move(answer));
            // The answer is queued: now what came meanwhile, and was not in it, follows.
            const auto still = who->rooms.find(name);
            if (still != who->rooms.end()) still->second.subscription->release(last_seq);
        });
    });
}

base::result<void> service::leave(participant& who, const std::string& room_name) {
    auto name = check_room_name(room_name);
    const auto found = name ? who.rooms.find(name->display) : who.rooms.end();
    if (found == who.rooms.end()) return not_joined(room_name);
    const std::string where = found->first;
    who.rooms.erase(found);
    threads_.run_on(threads_.home_of(where), [this, where, id = who.id] { leave_here(where, id); });
    return {};
}

// ---- Say ----

base::result<void> service::check_message(const say_request& what) const {
    if (what.text.size() > limits_.max_message_bytes) {
        return fail(errc::message_too_long, "a message may have " +
                                                std::to_string(limits_.max_message_bytes) +
                                                " bytes, this one has " + std::to_string(what.text.size()));
    }
    if (what.text.find('\0') != std::string::npos)
        return fail(errc::message_invalid, "a message may not hold NUL");
    if (what.attachments.empty() && !what.allow_empty && is_blank(what.text))
        return fail(errc::message_empty, "the message is empty");
    if (what.attachments.size() > limits_.max_attachments) {
        return fail(errc::bad_payload, "at most " + std::to_string(limits_.max_attachments) + " attachments");
    }
    if (what.client_id.size() > limits_.max_client_id_bytes ||
        what.reply_to.size() > limits_.max_reply_to_bytes) {
        return fail(errc::bad_payload, "client_id or reply_to is too long");
    }
    return {};
}

void service::say(const participant_ptr& who, say_request what, done<said> then) {
    auto membership = who->rooms.find(what.room);
    if (membership == who->rooms.end()) {
        const auto name = check_room_name(what.room);  // " Lobby" and "#Lobby" are the room "Lobby"
        if (name) membership = who->rooms.find(name->display);
        if (membership == who->rooms.end()) return then(not_joined(what.room));
    }
    if (auto ok = check_message(what); !ok) return then(ok.error());
    if (auto wait = too_often(who->messages, "messages")) return then(std::move(*wait));
    draft d{membership->first,         membership->second.username, std::move(what.text),
            std::move(what.client_id), std::move(what.reply_to),    {}};
    if (what.attachments.empty()) return append(who, std::move(d), what.echo, std::move(then));
    auto waiting = std::make_shared<draft>(std::move(d));
    attach(std::move(what.attachments), 0, waiting,
           [this, who, waiting, echo = what.echo, then = std::move(then)](base::result<void>&& found) {
               threads_.run_on(who->home, [this, who, waiting, echo, then, found = std::move(found)] {
                   if (!found) return then(found.error());
                   append(who, std::move(*waiting), echo, then);
               });
           });
}

// Looks the uploads up one after the other; any thread.
void service::attach(std::vector<std::string> names, std::size_t next, std::shared_ptr<draft> into,
                     done<void> then) {
    if (next == names.size()) return then({});
    std::string name = names[next];
    store_.find_upload(std::move(name), [this, names = std::move(names), next, into = std::move(into),
                                         then = std::move(then)](base::result<upload>&& found) mutable {
        if (!found) return then(found.error());
        into->attachments.push_back(std::move(*found));
        attach(std::move(names), next + 1, std::move(into), std::move(then));
    });
}

// Not by run_on(): the usual case, on that shard already, would first be moved into a task.
void service::append(const participant_ptr& who, draft&& what, bool echo, done<said> then) {
    const base::shard_id home = threads_.home_of(what.room);
    if (home == threads_.current()) return append_here(who, std::move(what), echo, std::move(then));
    threads_.post(home, [this, who, what = std::move(what), echo, then = std::move(then)]() mutable {
        append_here(who, std::move(what), echo, std::move(then));
    });
}

// On the shard of the room.
void service::append_here(const participant_ptr& who, draft&& what, bool echo, done<said> then) {
    const base::shard_id home = threads_.current();
    auto& all = shards_[home].appends;
    const auto mine = all.insert(all.end(), {who, home, echo, std::move(then)});
    // Two words each: std::function holds them without memory of their own.
    store_.append(std::move(what), [this, mine](base::result<appended>&& kept) {
        mine->kept.emplace(std::move(kept));
        threads_.run_on(mine->home, [this, mine] { end_append(mine); });
    });
}

// On the shard of the room.
void service::end_append(appends_under_way::iterator which) {
    appends_under_way ended;  // out of the shard's list before anybody is told
    ended.splice(ended.end(), shards_[which->home].appends, which);
    auto& [who, home, echo, then, outcome] = ended.front();
    auto& kept = *outcome;
    base::result<said> answer =
        kept ? base::result<said>(said{kept->stored.id, kept->stored.seq, kept->stored.timestamp})
             : base::result<said>(kept.error());
    if (kept && !kept->duplicate) {
        const std::string where = kept->stored.room;
        const std::uint64_t seq = kept->stored.seq;
        publish(where, std::move(kept->stored), seq, false, echo ? nullptr : &who->subscriber);
    }
    threads_.run_on(who->home, [who = who, answer = std::move(answer), then = std::move(then)]() mutable {
        if (!who->gone) then(std::move(answer));
    });
}

void service::publish(const std::string& room_name, const event& what, std::uint64_t seq, bool volatile_event,
                      const hub::subscriber* except) {
    auto f = std::make_shared<hub::frame>();
    f->seq = seq;
    f->volatile_event = volatile_event;
    for (const auto* const encoder : encoders_) encoder->encode(what, *f);
    hub_.publish(room_name, std::move(f), except);
}

// ---- Presence and typing ----

void service::schedule_presence(room& r) {
    if (r.presence_scheduled || !r.presence_pending()) return;
    r.presence_scheduled = true;
    const auto by_size =
        std::chrono::duration_cast<base::milliseconds>(limits_.presence_delay_per_member * r.count());
    const auto delay = std::clamp(by_size, limits_.presence_delay, limits_.presence_delay_max);
    threads_.after(delay, [this, name = r.name()] {
        room* const still = find_here(name);
        if (still == nullptr) return;
        still->presence_scheduled = false;
        if (still->presence_pending()) publish(name, still->take_presence(), 0, false, nullptr);
    });
}

base::result<void> service::typing(participant& who, const std::string& room_name, bool typing_now) {
    const auto name = check_room_name(room_name);
    const auto found = name ? who.rooms.find(name->display) : who.rooms.end();
    if (found == who.rooms.end()) return not_joined(room_name);
    if (auto wait = too_often(who.typing, "typing signs")) return std::move(*wait);
    threads_.run_on(threads_.home_of(found->first), [this, where = found->first, id = who.id, typing_now] {
        room* const r = find_here(where);
        if (r == nullptr) return;
        if (r->set_typing(id, typing_now, base::steady_now())) schedule_typing(*r);
        schedule_typing_expiry(*r);
    });
    return {};
}

void service::schedule_typing(room& r) {
    if (r.typing_scheduled) return;
    r.typing_scheduled = true;
    threads_.after(limits_.typing_delay, [this, name = r.name()] {
        room* const still = find_here(name);
        if (still == nullptr) return;
        still->typing_scheduled = false;
        publish(name, still->typing_event(), 0, true, nullptr);
    });
}

void service::schedule_typing_expiry(room& r) {
    if (r.expiry_scheduled || !r.anyone_typing()) return;
    r.expiry_scheduled = true;
    threads_.after(base::milliseconds{1'000}, [this, name = r.name()] {
        room* const still = find_here(name);
        if (still == nullptr) return;
        still->expiry_scheduled = false;
        if (still->expire_typing(base::steady_now())) schedule_typing(*still);
        schedule_typing_expiry(*still);
    });
}

// ---- Reading ----

void service::history(const participant_ptr& who, history_query which, done<history_page> then) {
    if (auto wait = too_often(who->queries, "requests")) return then(std::move(*wait));
    const auto name = check_room_name(which.room);
    if (!name || !who->rooms.contains(name->display)) return then(not_joined(which.room));
    which.room = name->display;
    which.limit = which.limit == 0 ? limits_.history_default : std::min(which.limit, limits_.history_max);
    const bool upwards = which.after.has_value();
    store_.history(std::move(which), [this, who, upwards,
                                      then = std::move(then)](base::result<history_page>&& page) mutable {
        if (page) trim(*page, upwards, limits_.history_bytes);
        threads_.run_on(who->home, [who, page = std::move(page), then = std::move(then)]() mutable {
            if (!who->gone) then(std::move(page));
        });
    });
}

void service::members(const participant_ptr& who, const std::string& room_name,
                      done<std::pair<std::vector<std::string>, std::size_t>> then) {
    const auto found = who->rooms.find(room_name);
    if (found == who->rooms.end()) return then(not_joined(room_name));
    threads_.run_on(threads_.home_of(room_name), [this, who, room_name, then = std::move(then)]() mutable {
        std::pair<std::vector<std::string>, std::size_t> list;
        if (room* const r = find_here(room_name)) list = {names_in(*r)->names(), r->count()};
        threads_.run_on(who->home, [who, list = std::move(list), then = std::move(then)]() mutable {
            if (!who->gone) then(std::move(list));
        });
    });
}

void service::list_members(const participant_ptr& who, members_query which, done<members_page> then) {
    if (auto wait = too_often(who->queries, "requests")) return then(std::move(*wait));
    const auto name = check_room_name(which.room);
    if (!name || !who->rooms.contains(name->display)) return then(not_joined(which.room));
    std::string after;
    if (!which.after.empty()) {
        auto checked = check_user_name(which.after);
        if (!checked) return then(checked.error());
        after = std::move(checked->key);
    }
    const std::size_t most =
        which.limit == 0 ? limits_.members_max : std::min<std::size_t>(which.limit, limits_.members_max);
    threads_.run_on(
        threads_.home_of(name->display), [this, who, room_name = name->display, after = std::move(after),
                                          most, then = std::move(then)]() mutable {
            members_page page{std::move(room_name), {}, false, 0};
            if (room* const r = find_here(page.room)) {
                std::tie(page.names, page.more) = r->members_after(after, most);
                page.count = r->count();
            }
            threads_.run_on(who->home, [who, page = std::move(page), then = std::move(then)]() mutable {
                if (!who->gone) then(std::move(page));
            });
        });
}

void service::rooms(const participant_ptr& who, done<std::vector<listed_room>> then) {
    if (auto wait = too_often(who->queries, "requests")) return then(std::move(*wait));
    struct gathering {
        std::vector<std::vector<listed_room>> by_shard;
        std::atomic<std::size_t> missing;
    };
    store_.rooms([this, who, then = std::move(then)](base::result<std::vector<room_info>>&& stored) mutable {
        if (!stored) {
            return threads_.run_on(who->home, [who, failed = stored.error(), then = std::move(then)] {
                if (!who->gone) then(failed);
            });
        }
        auto all = std::make_shared<gathering>();
        all->by_shard.resize(threads_.count());
        all->missing = threads_.count();
        const auto answer = [this, who, all, stored = std::move(*stored), then = std::move(then)]() {
            if (who->gone) return;
            std::map<std::string, listed_room> merged;
            for (const auto& kept : stored) merged[kept.name] = {kept.name, 0, kept.topic};
            for (const auto& list : all->by_shard) {
                for (const auto& live : list) {
                    auto& entry = merged[live.name];
                    entry.name = live.name;
                    entry.count = live.count;
                }
            }
            std::vector<listed_room> list;
            list.reserve(merged.size());
            for (auto& [name, entry] : merged) list.push_back(std::move(entry));
            std::stable_sort(list.begin(), list.end(),
                             [](const auto& a, const auto& b) { return a.count > b.count; });
            if (list.size() > limits_.rooms_page) list.resize(limits_.rooms_page);
            then(std::move(list));
        };
        for (base::shard_id i = 0; i < threads_.count(); ++i) {
            threads_.run_on(i, [this, i, who, all, answer] {
                for (const auto& [name, r] : shards_[i].rooms)
                    all->by_shard[i].push_back({name, r->count(), {}});
                if (all->missing.fetch_sub(1) == 1) threads_.run_on(who->home, answer);
            });
        }
    });
}

}  // namespace chatterlink::chat
