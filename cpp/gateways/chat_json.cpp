#include "gateways/chat_json.hpp"

namespace chatterlink::gateways {
namespace {

constexpr std::string_view upload_prefix = "/uploads/";

json all_of(const std::vector<chat::message>& messages) {
    json list = json::array();
    for (const auto& m : messages) list.push_back(to_json(m));
    return list;
}

}  // namespace

std::string upload_url(const std::string& name) {
    return std::string(upload_prefix) + name;
}

std::string upload_name(std::string_view url) {
    return url.starts_with(upload_prefix) ? std::string(url.substr(upload_prefix.size())) : std::string();
}

json to_json(const chat::upload& u) {
    json j{{"url", upload_url(u.name)}, {"name", u.original}, {"type", u.type}, {"size", u.size},
           {"width", u.width},          {"height", u.height}};
    if (!u.thumbnail.empty()) j["thumbnail"] = upload_url(u.thumbnail);
    return j;
}

json to_json(const chat::message& m) {
    json j{{"id", m.id},        {"seq", m.seq},
           {"room", m.room},    {"username", m.username},
           {"message", m.text}, {"timestamp", m.timestamp}};
    if (!m.client_id.empty()) j["client_id"] = m.client_id;
    if (!m.reply_to.empty()) j["reply_to"] = m.reply_to;
    if (!m.attachments.empty()) {
        auto& list = j["attachments"] = json::array();
        for (const auto& u : m.attachments) list.push_back(to_json(u));
    }
    return j;
}

json to_json(const chat::history_page& page) {
    return {{"messages", all_of(page.messages)}, {"more", page.more}, {"last_seq", page.last_seq}};
}

json to_json(const chat::joined& j) {
    return {{"you", j.you},           {"room", j.room},
            {"token", j.token},       {"members", j.members},
            {"count", j.count},       {"history", all_of(j.history.messages)},
            {"more", j.history.more}, {"last_seq", j.history.last_seq}};
}

json to_json(const chat::presence& p) {
    return {{"room", p.room}, {"joined", p.joined}, {"left", p.left}, {"count", p.count}};
}

json to_json(const chat::typing& t) {
    return {{"room", t.room}, {"usernames", t.usernames}};
}

json to_json(const base::error& e) {
    json j{{"code", base::code_name(e.code)}, {"message", e.message}};
    if (e.retry_after) j["retry_after_ms"] = e.retry_after->count();
    return j;
}

json success(json fields) {
    fields["ok"] = true;
    return fields;
}

json failure(const base::error& e) {
    return {{"ok", false}, {"error", to_json(e)}};
}

}  // namespace chatterlink::gateways
