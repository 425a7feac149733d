// Standard input where there is no editor: a pipe, a file, a terminal that cannot edit.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "apps/client_link.hpp"
#include "apps/client_wake.hpp"
#include "chat/rate_limiter.hpp"

namespace chatterlink::apps {

/// A thread that reads standard input and says every line, until its end or a line "quit" or "/quit". It
/// sends no faster than the server takes from one client (chat::rate_limits), so that a long file arrives
/// whole; so a file of 1,000 lines takes half a minute.
class client_input {
  public:
    /// The link must outlive this; it is to be stopped before this goes, or the thread may wait for it for
    /// ever.
    explicit client_input(client_link& link);
    ~client_input();

    /// Readable when the input ended or there are complaints.
    int wake_fd() const noexcept { return wake_.fd(); }

    /// True once nothing more will be said.
    bool ended() const noexcept { return ended_; }

    /// How many lines were said so far.
    std::size_t said() const noexcept { return said_; }

    /// Sentences about lines that were not sent, since the last call; clears the wake.
    std::vector<std::string> complaints();

  private:
    void run();
    bool take(std::string_view bytes);
    bool say(std::string_view line);
    void complain(std::string sentence);

    client_link& link_;
    chat::token_bucket pace_;
    std::string waiting_;  // a line whose end has not come; the thread's own
    bool skipping_ = false;
    std::mutex mutex_;
    std::vector<std::string> complaints_;
    std::atomic<bool> ended_{false};
    std::atomic<std::size_t> said_{0};
    client_wake wake_;
    client_wake stop_;
    std::thread thread_;
};

/// True for what ends the program when typed: "quit" (as ever) and "/quit", spaces around them or not.
bool is_quit(std::string_view line);

}  // namespace chatterlink::apps
