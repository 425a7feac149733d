// Which incoming lines are the user's own, sent back by the server. No sockets, time as an argument.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace chatterlink::apps {

/// The program shows a typed line at once, as "you: ...". A server sends it back too, unless it runs with
/// --no-echo; messages carry no sender, so the echo is known by its text alone. For every line said, one
/// identical line that comes within `window` is swallowed. A server that let the window pass without any echo
/// does not echo, and from then on nothing is swallowed until reset().
///
/// What can go wrong, and how little it matters: within the first seconds on a server without echo, somebody
/// else's identical line is swallowed; an echo that takes longer than the window is shown a second time.
class client_echo {
  public:
    static constexpr base::milliseconds window{5000};
    static constexpr std::size_t most_awaited = 200;

    /// A line was sent. Commands are answered, not echoed; "//x" comes back as "/x".
    void said(std::string_view line, base::steady_time now);

    /// True when this line is the echo of one that was said: do not show it. A refusal ("! ...") means that
    /// the oldest line said will not come back.
    bool swallow(std::string_view incoming, base::steady_time now);

    /// A new connection: whether it echoes is not known.
    void reset();

  private:
    enum class habit { unknown, echoes, silent };
    struct awaited {
        std::string text;
        base::steady_time until;
    };

    std::deque<awaited> awaited_;
    habit habit_ = habit::unknown;
};

}  // namespace chatterlink::apps
