#include "gateways/chat_json.hpp"

namespace chatterlink::gateways {
namespace {

constexpr std::string_view upload_prefix = "/uploads/";

void append_message(std::string& to, const chat::message& m) {
    to.append(json_text(m));
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

// Members stand in the order of their names, as nlohmann/json prints them.
std::string json_text(const chat::message& m) {
    base::json_object_text text;
    if (!m.attachments.empty()) {
        text.list("attachments", m.attachments,
                  [](std::string& to, const chat::upload& u) { base::append_json(to, to_json(u)); });
    }
    if (!m.client_id.empty()) text.text("client_id", m.client_id);
    text.text("id", m.id).text("message", m.text);
    if (!m.reply_to.empty()) text.text("reply_to", m.reply_to);
    text.text("room", m.room).number("seq", m.seq).number("timestamp", m.timestamp);
    return std::move(text.text("username", m.username)).take();
}

std::string success_text(const chat::said& s) {
    base::json_object_text text;
    text.text("id", s.id).flag("ok", true).number("seq", s.seq).number("timestamp", s.timestamp);
    return std::move(text).take();
}

std::string success_text(const chat::history_page& page) {
    base::json_object_text text;
    text.number("last_seq", page.last_seq).list("messages", page.messages, append_message);
    return std::move(text.flag("more", page.more).flag("ok", true)).take();
}

std::string success_text(const chat::members_page& page) {
    base::json_object_text text;
    text.number("count", std::uint64_t{page.count}).list("members", page.names, base::append_json_text);
    return std::move(text.flag("more", page.more).flag("ok", true).text("room", page.room)).take();
}

std::string success_text(const chat::joined& j) {
    base::json_object_text text(256 + j.members->json().size());
    text.number("count", std::uint64_t{j.count}).list("history", j.history.messages, append_message);
    text.number("last_seq", j.history.last_seq).raw("members", j.members->json());
    text.flag("more", j.history.more).flag("ok", true).text("room", j.room);
    return std::move(text.text("token", j.token).text("you", j.you)).take();
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
