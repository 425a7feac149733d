#include "chat/room.hpp"

#include <sodium.h>

#include <algorithm>

namespace chatterlink::chat {
namespace {

bool same_secret(const base::buffer_ptr& a, const base::buffer_ptr& b) {
    if (!a || !b || a->size() == 0 || a->size() != b->size()) return false;
    return sodium_memcmp(a->data(), b->data(), a->size()) == 0;
}

}  // namespace

void room::changed(const std::string& display, int by) {
    const auto [at, fresh] = changes_.emplace(display, by);
    if (!fresh && (at->second += by) == 0) changes_.erase(at);  // came and went in one go: nothing to tell
}

base::result<std::string> room::enter(participant_id who, const chat::name& as,
                                      const base::buffer_ptr& token) {
    const auto mine = who_is_.find(who);
    const auto there = members_.find(as.key);
    const bool already = mine != who_is_.end() && mine->second->first == as.key;
    if (there != members_.end() && !already && !same_secret(there->second.token, token)) {
        return base::fail(base::errc::name_taken, "the name '" + as.display + "' is taken in this room");
    }
    if (already) {
        auto& m = there->second;
        if (m.connections == 1 && m.display != as.display) {  // alone under it: "Anna" may become "anna"
            changed(m.display, -1);
            m.display = as.display;
            changed(m.display, +1);
            list_changes(as.key);
        }
        return m.display;
    }
    if (mine != who_is_.end()) leave(who);
    const auto at = members_.try_emplace(as.key).first;
    auto& m = at->second;
    if (m.connections++ == 0) {
        m.display = as.display;
        m.token = token;
        changed(m.display, +1);
        list_changes(as.key);
    }
    who_is_.emplace(who, at);
    return m.display;
}

void room::leave(participant_id who) {
    const auto mine = who_is_.find(who);
    if (mine == who_is_.end()) return;
    const auto m = mine->second;
    if (--m->second.connections == 0) {
        changed(m->second.display, -1);
        typing_.erase(m->first);
        list_changes(m->first);
        members_.erase(m);
    }
    who_is_.erase(mine);
}

name_list_ptr room::members(std::size_t most) {
    if (listed_ && listed_most_ == most) return listed_;
    std::vector<std::string> names;
    names.reserve(std::min(most, members_.size()));
    for (const auto& [key, m] : members_) {
        if (names.size() == most) break;
        names.push_back(m.display);
        listed_last_ = key;
    }
    listed_most_ = most;
    listed_ = std::make_shared<const name_list>(std::move(names));
    return listed_;
}

std::pair<std::vector<std::string>, bool> room::members_after(const std::string& key,
                                                              std::size_t most) const {
    std::vector<std::string> names;
    auto at = members_.upper_bound(key);
    for (; at != members_.end() && names.size() < most; ++at) names.push_back(at->second.display);
    return {std::move(names), at != members_.end()};
}

// The member of that key comes, goes or is respelled.
void room::list_changes(const std::string& key) noexcept {
    if (listed_ && (listed_->names().size() < listed_most_ || key <= listed_last_)) listed_.reset();
}

bool room::set_typing(participant_id who, bool typing_now, base::steady_time now) {
    const auto mine = who_is_.find(who);
    if (mine == who_is_.end()) return false;
    if (!typing_now) return typing_.erase(mine->second->first) != 0;
    return typing_.insert_or_assign(mine->second->first, now + limits_.typing_expiry).second;
}

bool room::expire_typing(base::steady_time now) {
    return std::erase_if(typing_, [&](const auto& each) { return each.second <= now; }) != 0;
}

typing room::typing_event() const {
    typing t{name_, {}};
    for (const auto& [key, until] : typing_) {
        if (t.usernames.size() == limits_.typing_names) break;
        t.usernames.push_back(members_.at(key).display);
    }
    return t;
}

presence room::take_presence() {
    presence p{name_, {}, {}, members_.size()};
    for (const auto& [display, by] : changes_) {
        auto& list = by > 0 ? p.joined : p.left;
        if (list.size() < limits_.presence_names) list.push_back(display);
    }
    changes_.clear();
    listed_.reset();  // a quiet room keeps no list
    return p;
}

}  // namespace chatterlink::chat
