#include "gateways/line_gateway.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "chat/line_protocol.hpp"

namespace chatterlink::gateways {
namespace {

using base::errc;
using chat::line_item;

std::string unforeseen_guest() {
    return "guest-" + std::to_string(1'000'000'000U + base::random_below(3'000'000'000U));
}

// One connection. Owned by that connection, as its reader: it ends with the connection.
class line_session final : public hub::subscriber,
                           public net::connection_owner,
                           public net::byte_reader,
                           public std::enable_shared_from_this<line_session> {
  public:
    line_session(line_gateway& owner, std::shared_ptr<net::connection> c)
        : owner_(owner), rules_(owner.rules()), connection_(std::move(c)), who_(rules_.enter(*this)) {}

    void start() {
        connection_->set_owner(weak_from_this());
        connection_->read_with(shared_from_this());
        enter(owner_.options().room, "guest-" + std::to_string(owner_.next_guest()));
    }

    void shutting_down() override { finish(); }

    void deliver(const hub::frame& f) override {
        const auto& bytes = f.in(decoder_.plain() ? hub::encoding::line_plain : hub::encoding::line);
        if (bytes && bytes->size() > 0) connection_->send(bytes, f.volatile_event);
    }

    void expect(unsigned step) const noexcept override {
        if (step + 1 == expect_steps) connection_->expect_use();
    }

    void on_bytes(std::string_view bytes) override {
        take(decoder_.feed(bytes, base::steady_now()));
        watch();
    }

    void on_end() override {
        take(decoder_.finish());
        ended_ = true;
        finish_if_done();
    }

    void on_closed() override { over(); }

  private:
    // The first join; nothing is read before it is done, so that no line finds its sender in no room.
    void enter(const std::string& room, const std::string& name) {
        rules_.join(who_, {name, room, {}, {}},
                    [self = shared_from_this(), name](base::result<chat::joined> in) {
                        // Somebody has taken that name beforehand: then one that nobody can.
                        if (!in && in.error().code == errc::name_taken)
                            return self->enter(self->owner_.options().room, unforeseen_guest());
                        if (!in) {
                            self->say_back(chat::refusal_text(in.error()));
                            return self->finish();
                        }
                        self->name_ = in->you;
                        self->room_ = in->room;
                        self->connection_->start_reading();
                    });
    }

    void on_clock() {
        const auto now = base::steady_now();
        if (const auto since = decoder_.waiting_since();
            since && now - *since >= owner_.options().line_timeout) {
            say_back(chat::refusal_text(base::fail(errc::bad_payload, "the line took too long to arrive")));
            return finish();
        }
        take(decoder_.expire(now));
        watch();
    }

    // Starts the timer for whatever comes next: the silence that ends a line, or, when bytes go on arriving
    // and put that off, the time that a whole line may take.
    void watch() {
        auto due = decoder_.deadline();
        if (!due || ended_) return clock_.cancel();
        if (const auto since = decoder_.waiting_since())
            due = std::min(*due, *since + owner_.options().line_timeout);
        connection_->home().start_timer(clock_,
                                        std::chrono::ceil<base::milliseconds>(*due - base::steady_now()));
    }

    void take(std::span<const line_item> items) {
        for (const auto& item : items) {
            if (!connection_->open()) return;
            if (item.what != line_item::kind::line) {
                say_back(chat::refusal_text(chat::refusal_of(item.what)));
                if (item.what == line_item::kind::too_long) return finish();
            } else if (throttled_) {
                put_off(item.text);
            } else {
                on_line(item.text);
            }
        }
        decoder_.release();
    }

    void put_off(std::string_view line) { later_.append(line) += '\n'; }

    void on_line(std::string_view text) {
        const auto line = chat::parse_line(text);
        if (!line.command) return say(std::string(line.text));
        switch (*line.command) {
            case chat::line_command::help:
                return say_back(chat::help_text());
            case chat::line_command::name:
                return rename(std::string(line.text));
            case chat::line_command::who:
                return tell_who();
            case chat::line_command::join:
                return move_to(std::string(line.text));
            case chat::line_command::quit:
                return finish();
            case chat::line_command::unknown:
                return say_back(chat::refusal_text(chat::unknown_command(line.word)));
        }
    }

    void say(std::string text) {
        ++outstanding_;
        chat::say_request what{room_, text, {}, {}, {}, true, owner_.options().echo};
        rules_.say(
            who_, std::move(what),
            [self = shared_from_this(), text = std::move(text)](base::result<chat::said> said) mutable {
                --self->outstanding_;
                if (!said && said.error().retry_after) {
                    self->throttle(std::move(text), *said.error().retry_after);
                } else if (!said) {
                    self->say_back(chat::refusal_text(said.error()));
                }
                self->finish_if_done();
            });
    }

    // Too fast: the line waits, and no more is read meanwhile, so that TCP slows the sender down. Nothing is
    // lost.
    void throttle(std::string text, base::milliseconds wait) {
        if (throttled_) {
            put_off(text);
        } else {
            later_.replace(0, later_at_, text += '\n');
            later_at_ = 0;
        }
        throttled_ = true;
        connection_->pause_reading();
        connection_->home().start_timer(resume_, wait);
    }

    void resume() {
        throttled_ = false;
        while (has_later() && !throttled_ && connection_->open()) {
            const auto end = later_.find('\n', later_at_);
            const std::string line = later_.substr(later_at_, end - later_at_);
            later_at_ = end + 1;
            on_line(line);
        }
        if (throttled_) return;
        later_ = std::string();
        later_at_ = 0;
        connection_->resume_reading();
        finish_if_done();
    }

    bool has_later() const noexcept { return later_at_ < later_.size(); }

    void rename(std::string name) {
        rules_.join(who_, {std::move(name), room_, {}, {}},
                    [self = shared_from_this()](base::result<chat::joined> in) {
                        if (!in) return self->say_back(chat::refusal_text(in.error()));
                        self->name_ = in->you;
                        self->say_back(chat::named_text(in->you));
                    });
    }

    void move_to(std::string room) {
        if (room.empty()) {
            return say_back(chat::refusal_text(base::fail(errc::room_empty, "say which room: /join ROOM")));
        }
        rules_.join(who_, {name_, std::move(room), {}, {}},
                    [self = shared_from_this()](base::result<chat::joined> in) {
                        if (!in) return self->say_back(chat::refusal_text(in.error()));
                        if (in->room != self->room_)
                            static_cast<void>(self->rules_.leave(*self->who_, self->room_));
                        self->room_ = in->room;
                        self->say_back(chat::joined_text(in->room, in->count));
                    });
    }

    void tell_who() {
        using list = std::pair<std::vector<std::string>, std::size_t>;
        rules_.members(who_, room_, [self = shared_from_this()](base::result<list> here) {
            if (!here) return self->say_back(chat::refusal_text(here.error()));
            self->say_back(chat::who_text(self->room_, here->first, here->second));
        });
    }

    void say_back(std::string_view text) { connection_->send(chat::encode_line(text, decoder_.plain())); }

    // The peer sends no more: once everything it said is said, the connection ends.
    void finish_if_done() {
        if (ended_ && outstanding_ == 0 && !has_later()) finish();
    }

    void finish() {
        connection_->close_after_flush();
        over();
    }

    void over() {
        clock_.cancel();
        resume_.cancel();
        if (!who_->gone) rules_.exit(*who_);
    }

    line_gateway& owner_;
    chat::service& rules_;
    std::shared_ptr<net::connection> connection_;
    chat::participant_ptr who_;
    chat::line_decoder decoder_;
    net::timer clock_{[](void* self) { static_cast<line_session*>(self)->shared_from_this()->on_clock(); },
                      this};
    net::timer resume_{[](void* self) { static_cast<line_session*>(self)->shared_from_this()->resume(); },
                       this};
    std::string name_;
    std::string room_;
    std::string later_;         // lines of a throttled client, at most one read's worth, each with a newline
    std::size_t later_at_ = 0;  // those before are done
    std::size_t outstanding_ = 0;  // messages not yet answered by the store
    bool throttled_ = false;
    bool ended_ = false;
};

}  // namespace

void line_encoder::encode(const chat::event& what, hub::frame& into) const {
    const auto* const m = std::get_if<chat::message>(&what);
    if (m == nullptr) return;
    into.in(hub::encoding::line) = chat::encode_line(m->text, false);
    into.in(hub::encoding::line_plain) = chat::encode_line(m->text, true);
}

void line_gateway::serve(std::shared_ptr<net::connection> c) {
    std::make_shared<line_session>(*this, std::move(c))->start();
}

}  // namespace chatterlink::gateways
