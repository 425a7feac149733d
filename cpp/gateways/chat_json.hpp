// The chat's values as the JSON of the wire contract (docs/protocol.md). One place for Socket.IO and HTTP.
#pragma once

#include <string>
#include <string_view>

#include "base/json_text.hpp"
#include "chat/events.hpp"
#include "chat/service.hpp"
#include "chat/types.hpp"

namespace chatterlink::gateways {

using base::json;

json to_json(const chat::upload& u);  // {url, name, type, size, width, height[, thumbnail]}
json to_json(const chat::presence& p);
json to_json(const chat::typing& t);
json to_json(const base::error& e);  // {code, message[, retry_after_ms]}

/// {"ok":true, …fields} or {"ok":false,"error":…}.
json success(json fields = json::object());
json failure(const base::error& e);

/// What is sent most, as text at once: a message's object, and answers with "ok": true.
std::string json_text(const chat::message& m);
std::string success_text(const chat::said& s);             // {ok, id, seq, timestamp}
std::string success_text(const chat::history_page& page);  // {ok, messages, more, last_seq}
std::string success_text(const chat::members_page& page);  // {ok, room, members, more, count}
std::string success_text(const chat::joined& j);

/// The address of an upload: "/uploads/<name>".
std::string upload_url(const std::string& name);
/// The name in such an address; empty when it is none.
std::string upload_name(std::string_view url);

}  // namespace chatterlink::gateways
