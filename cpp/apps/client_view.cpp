#include "apps/client_view.hpp"

#include <cstdio>
#include <ctime>

#include "base/clock.hpp"
#include "chat/line_protocol.hpp"

namespace chatterlink::apps {

void client_view::put(line_origin origin, std::string_view text) {
    s_.out(shown_line(origin, text, s_.look, std::time(nullptr)));
}

void client_view::tell(const std::string& text) {
    if (s_.look.marks) {
        put(line_origin::program, text);
    } else {
        std::fprintf(stderr, "* %s\n", harmless(text, s_.look.unicode).c_str());
    }
}

void client_view::show(const link_event& event) {
    switch (event.what) {
        case link_event::kind::line:
            if (!s_.edited || !echo_.swallow(event.text, base::steady_now()))
                put(line_origin::network, event.text);
            break;
        case link_event::kind::connected:
            echo_.reset();
            told_kept_ = false;
            if (!event.again) {
                if (s_.look.marks) tell("connected to " + s_.address + ", /help for commands, quit to leave");
            } else if (event.kept == 0) {
                tell("connected to " + s_.address + " again");
            } else {
                tell("connected to " + s_.address + " again, sending what was kept: " +
                     std::to_string(event.kept) + (event.kept == 1 ? " line" : " lines"));
            }
            break;
        case link_event::kind::said:
            echo_.said(event.text, base::steady_now());
            break;
        case link_event::kind::lost:
            tell("the server went away; trying to connect again, what you type meanwhile is kept");
            break;
        case link_event::kind::slow_now:
            tell("the server is still away; trying again every " +
                 std::to_string(client_link::longest_pause.count() / 1000) + " s");
            break;
        case link_event::kind::ended:
            tell("the server went away");
            break;
        case link_event::kind::failed:
            break;  // the program says why on standard error
    }
}

void client_view::show_typed(const std::string& line, client_link::outcome outcome) {
    using outcome_kind = client_link::outcome;
    put(line_origin::own, line);
    switch (outcome) {
        case outcome_kind::sent:
            echo_.said(line, base::steady_now());
            break;
        case outcome_kind::kept:
            if (!told_kept_) tell("kept; it is sent when the server is back");
            told_kept_ = true;
            break;
        case outcome_kind::full:
            tell("not sent: " + std::to_string(client_link::most_kept) +
                 " lines wait for the server already");
            break;
        case outcome_kind::too_long:
            tell("not sent: " + std::to_string(line.size()) + " bytes, at most " +
                 std::to_string(chat::max_line_bytes) + " are allowed");
            break;
    }
}

}  // namespace chatterlink::apps
