// What the program says about what happens: turns events of the link and typed lines into text for the
// screen.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "apps/client_echo.hpp"
#include "apps/client_link.hpp"
#include "apps/client_text.hpp"

namespace chatterlink::apps {

/// Belongs to one thread.
class client_view {
  public:
    struct settings {
        client_look look;
        bool edited = false;  // lines are typed in the editor: they show as "you: ...", their echo does not
        std::string address;  // "127.0.0.1:5555"
        std::function<void(std::string_view)> out;  // takes whole lines
    };

    explicit client_view(settings s) : s_(std::move(s)) {}

    /// Shows an event, if there is anything to show.
    void show(const link_event& event);

    /// Shows a line typed in the editor and what became of it.
    void show_typed(const std::string& line, client_link::outcome outcome);

    /// The program's own words: on a terminal among the lines, else on standard error.
    void tell(const std::string& text);

  private:
    void put(line_origin origin, std::string_view text);

    settings s_;
    client_echo echo_;
    bool told_kept_ = false;  // in this absence of the server
};

}  // namespace chatterlink::apps
