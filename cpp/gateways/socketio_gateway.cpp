#include "gateways/socketio_gateway.hpp"

#include <string>
#include <unordered_map>
#include <utility>

#include "gateways/chat_json.hpp"

namespace chatterlink::gateways {
namespace {

using base::errc;
using base::fail;
using socketio::ack;

base::error bad_payload(std::string sentence) {
    return fail(errc::bad_payload, std::move(sentence));
}

// Fields of an event's payload, with their types checked. Once a field is wrong, error() says which.
class fields {
  public:
    explicit fields(const json& payload) : payload_(payload) {
        if (!payload.is_object()) error_ = bad_payload("the payload has to be an object");
    }

    std::string text(const char* name, bool required = true) {
        const json* const value = find(name, required);
        if (value == nullptr) return {};
        if (!value->is_string()) return wrong(name, "a string"), std::string();
        return value->get<std::string>();
    }

    std::optional<std::uint64_t> number(const char* name) {
        const json* const value = find(name, false);
        if (value == nullptr) return std::nullopt;
        if (!value->is_number_unsigned())
            return wrong(name, "a whole number that is not negative"), std::nullopt;
        return value->get<std::uint64_t>();
    }

    /// Of a page; 0 when there is none.
    std::uint32_t limit(std::size_t most) {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(number("limit").value_or(0), most));
    }

    bool flag(const char* name) {
        const json* const value = find(name, true);
        if (value == nullptr) return false;
        if (!value->is_boolean()) return wrong(name, "true or false"), false;
        return value->get<bool>();
    }

    /// Upload names from [{url}, …] or ["url", …].
    std::vector<std::string> attachments(const char* name) {
        std::vector<std::string> names;
        const json* const list = find(name, false);
        if (list == nullptr) return names;
        if (!list->is_array()) return wrong(name, "a list"), names;
        for (const auto& each : *list) {
            const json* url = &each;
            if (each.is_object()) {
                const auto at = each.find("url");
                url = at == each.end() ? nullptr : &*at;
            }
            auto upload = url != nullptr && url->is_string() ? upload_name(url->get_ref<const std::string&>())
                                                             : std::string();
            if (upload.empty())
                return wrong(name, "a list of uploads, each {\"url\": \"/uploads/…\"}"), names;
            names.push_back(std::move(upload));
        }
        return names;
    }

    const std::optional<base::error>& error() const noexcept { return error_; }

  private:
    const json* find(const char* name, bool required) {
        if (error_) return nullptr;
        const auto at = payload_.find(name);
        if (at == payload_.end() || at->is_null()) {
            if (required) error_ = bad_payload(std::string("'") + name + "' is missing");
            return nullptr;
        }
        return &*at;
    }
    void wrong(const char* name, const char* wanted) {
        if (!error_) error_ = bad_payload(std::string("'") + name + "' has to be " + wanted);
    }

    const json& payload_;
    std::optional<base::error> error_;
};

// Answers one event: by its ack if one was asked for; an error without one becomes an `error` event.
class reply {
  public:
    reply(std::weak_ptr<socketio::socket> to, ack answer) : to_(std::move(to)), ack_(std::move(answer)) {}

    void ok(json answer = json::object()) const {
        if (ack_) ack_(json::array({success(std::move(answer))}));
    }
    /// With what success_text() makes of it.
    template <class Answer>
    void ok_text(const Answer& answer) const {
        if (ack_) ack_.text(success_text(answer));
    }
    void error(const base::error& e) const {
        if (ack_) return ack_(json::array({failure(e)}));
        if (const auto s = to_.lock()) s->emit("error", json::array({to_json(e)}));
    }

  private:
    std::weak_ptr<socketio::socket> to_;
    ack ack_;
};

class chat_client final : public socketio::socket_handler {
  public:
    chat_client(chat::service& rules, const std::shared_ptr<socketio::socket>& s)
        : rules_(rules), socket_(s), who_(rules.enter(*s)), events_(rules.bounds().rates.events) {}
    ~chat_client() override {
        if (!who_->gone) rules_.exit(*who_);
    }

    void on_event(const std::string& name, json arguments, ack answer) override {
        using handler = void (chat_client::*)(const json&, const reply&);
        static const std::unordered_map<std::string, handler> handlers{
            {"join", &chat_client::join},       {"leave", &chat_client::leave},
            {"message", &chat_client::say},     {"typing", &chat_client::typing},
            {"history", &chat_client::history}, {"members", &chat_client::members},
            {"rooms", &chat_client::rooms},
        };
        if (who_->gone) return;
        const reply r(socket_, std::move(answer));
        if (rules_.bounds().rate_limited) {
            if (const auto wait = events_.take(base::steady_now())) return end_flood(r, *wait);
        }
        const auto found = handlers.find(name);
        if (found == handlers.end()) {
            return r.error(
                fail(errc::unknown_event, "this server knows no event '" + name.substr(0, 64) + "'"));
        }
        const json payload = arguments.empty() ? json::object() : std::move(arguments[0]);
        (this->*found->second)(payload, r);
    }

    void on_disconnect(engineio::close_reason) override { rules_.exit(*who_); }

  private:
    // Each refusal costs the server more than it costs whoever goes on in spite of them.
    void end_flood(const reply& r, base::milliseconds wait) {
        r.error(base::error{errc::rate_limited, "too many events, in spite of refusals", wait});
        if (const auto s = socket_.lock()) s->disconnect(true);
    }

    void join(const json& payload, const reply& r) {
        fields f(payload);
        chat::join_request what{f.text("username"), f.text("room"), f.text("token", false),
                                f.number("since")};
        if (f.error()) return r.error(*f.error());
        rules_.join(who_, std::move(what), [r](const base::result<chat::joined>& in) {
            if (!in) return r.error(in.error());
            r.ok_text(*in);
        });
    }

    void leave(const json& payload, const reply& r) {
        fields f(payload);
        const auto room = f.text("room");
        if (f.error()) return r.error(*f.error());
        if (auto left = rules_.leave(*who_, room); !left) return r.error(left.error());
        r.ok();
    }

    void say(const json& payload, const reply& r) {
        chat::say_request what;
        if (payload.is_string()) {  // the classic form: to the only room the socket is in
            const auto* const room = chat::service::only_room(*who_);
            if (room == nullptr) {
                return r.error(
                    fail(errc::not_joined, who_->rooms.empty()
                                               ? "join a room first"
                                               : "you are in several rooms: say which with {room, message}"));
            }
            what.room = *room;
            what.text = payload.get<std::string>();
        } else {
            fields f(payload);
            what.attachments = f.attachments("attachments");
            what.room = f.text("room", who_->rooms.size() != 1);
            if (what.room.empty() && who_->rooms.size() == 1) what.room = who_->rooms.begin()->first;
            what.text = f.text("message", what.attachments.empty());
            what.client_id = f.text("client_id", false);
            what.reply_to = f.text("reply_to", false);
            if (f.error()) return r.error(*f.error());
        }
        rules_.say(who_, std::move(what), [r](const base::result<chat::said>& said) {
            if (!said) return r.error(said.error());
            r.ok_text(*said);
        });
    }

    void typing(const json& payload, const reply& r) {
        fields f(payload);
        const auto room = f.text("room");
        const bool now = f.flag("typing");
        if (f.error()) return r.error(*f.error());
        if (auto told = rules_.typing(*who_, room, now); !told) return r.error(told.error());
        r.ok();
    }

    void history(const json& payload, const reply& r) {
        fields f(payload);
        chat::history_query which{f.text("room"), f.number("before"), f.number("after"), 0};
        which.limit = f.limit(rules_.bounds().history_max);
        if (f.error()) return r.error(*f.error());
        rules_.history(who_, std::move(which), [r](const base::result<chat::history_page>& page) {
            if (!page) return r.error(page.error());
            r.ok_text(*page);
        });
    }

    void members(const json& payload, const reply& r) {
        fields f(payload);
        chat::members_query which{f.text("room"), f.text("after", false), 0};
        which.limit = f.limit(rules_.bounds().members_max);
        if (f.error()) return r.error(*f.error());
        rules_.list_members(who_, std::move(which), [r](const base::result<chat::members_page>& page) {
            if (!page) return r.error(page.error());
            r.ok_text(*page);
        });
    }

    void rooms(const json&, const reply& r) {
        rules_.rooms(who_, [r](const base::result<std::vector<chat::listed_room>>& list) {
            if (!list) return r.error(list.error());
            json rooms = json::array();
            for (const auto& each : *list)
                rooms.push_back({{"name", each.name}, {"count", each.count}, {"topic", each.topic}});
            r.ok({{"rooms", std::move(rooms)}});
        });
    }

    chat::service& rules_;
    const std::weak_ptr<socketio::socket> socket_;
    const chat::participant_ptr who_;
    chat::token_bucket events_;
};

struct named {
    std::string_view event;
    std::string argument;  // JSON
};

named name_event(const chat::message& m) {
    return {"message", json_text(m)};
}
named name_event(const chat::presence& p) {
    return {"presence", base::dump_json(to_json(p))};
}
named name_event(const chat::typing& t) {
    return {"typing", base::dump_json(to_json(t))};
}

}  // namespace

void socketio_encoder::encode(const chat::event& what, hub::frame& into) const {
    const auto e = std::visit([](const auto& each) { return name_event(each); }, what);
    into.in(hub::encoding::socketio) = socketio::encode_event_frame("/", e.event, e.argument);
}

void serve_chat(socketio::server& server, chat::service& rules) {
    server.on_connect("/", [&rules](std::shared_ptr<socketio::socket> s, const socketio::handshake&) {
        using accepted = boost::system::result<std::unique_ptr<socketio::socket_handler>, json>;
        return accepted(boost::system::in_place_value, std::make_unique<chat_client>(rules, s));
    });
}

}  // namespace chatterlink::gateways
