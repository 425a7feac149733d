// The program's connection: connects, connects again, keeps what was typed while it is away.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "apps/client_wake.hpp"
#include "apps/line_client.hpp"
#include "apps/options.hpp"
#include "base/clock.hpp"

namespace chatterlink::apps {

struct link_event {
    enum class kind {
        connected,  // `again` tells whether it was before
        line,       // `text` came from the server
        said,       // `text`, kept while the server was away, has been sent now
        lost,       // the server went away; tried again in a moment
        slow_now,   // it stays away: from now on it is tried every `longest_pause` only
        failed,     // nothing more will come: the first attempt failed (`text`: why)
        ended,      // nothing more will come: the server went away and options.reconnect is off
    };
    kind what = kind::line;
    std::string text{};
    bool again = false;
    std::size_t kept = 0;  // of connected: lines that are sent now
};

/// A thread that connects, reads, and connects again: after 1, 2, 4, 8, 15, 15 ... seconds, each varied by a
/// quarter either way so that the clients of a restarted server do not all come at once. The pauses begin at
/// 1 s again once a connection has lasted `proven_after`. After a reconnect the last name and room asked for
/// are asked for again. Members may be called from any thread.
class client_link {
  public:
    static constexpr std::size_t most_kept = 100;
    static constexpr base::milliseconds first_pause{1000};
    static constexpr base::milliseconds longest_pause{15'000};
    static constexpr base::milliseconds proven_after{10'000};

    explicit client_link(line_client_options options);
    ~client_link();  // stops

    /// Ends the connection orderly, so that what was sent arrives (at most about 0.3 s), and every wait.
    /// Nothing can be said afterwards. Any number of times.
    void stop();

    enum class outcome {
        sent,
        kept,      // the server is away; sent later, in order
        full,      // away, and most_kept lines are waiting already: not taken
        too_long,  // over chat::max_line_bytes: not taken
    };
    /// `line` holds no newline.
    outcome say(const std::string& line);

    /// As say(), but waits for room instead of `full`. `full` when the link ended.
    outcome say_patiently(const std::string& line);

    std::size_t kept() const;

    /// Readable while events wait.
    int wake_fd() const noexcept { return wake_.fd(); }

    /// The next events, oldest first, at most so many; empty when none waits. When very many wait (see
    /// line_client::max_waiting_lines) reading pauses.
    std::vector<link_event> take(std::size_t most);

  private:
    void run();
    bool connect(bool again);
    void read_to_the_end();
    bool pause(base::milliseconds time);
    void push(link_event event);
    void begin(bool again);
    void wait_for_room(std::unique_lock<std::mutex>& lock);
    outcome say_locked(const std::string& line);
    void remember(const std::string& line);

    mutable std::mutex mutex_;  // everything below but the thread
    std::condition_variable changed_;
    line_client_options options_;
    std::string room_;  // the last one asked for
    std::shared_ptr<line_client> client_;
    bool here_ = false;  // connected, and the kept lines are sent
    bool stopping_ = false;
    bool over_ = false;  // nothing more will come
    bool done_ = false;  // the thread has ended, or is about to
    std::deque<std::string> kept_;
    std::deque<link_event> events_;
    client_wake wake_;
    std::thread thread_;
};

}  // namespace chatterlink::apps
