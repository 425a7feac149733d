// One client of the server, in one of the protocols.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "load/board.hpp"
#include "load/endpoint.hpp"
#include "load/event_loop.hpp"
#include "load/inflater.hpp"
#include "load/options.hpp"

namespace chatterlink::load {

class session;

/// The run that the sessions belong to.
class session_owner {
  public:
    virtual ~session_owner() = default;
    /// Connected and, where the scenario wants it, joined.
    virtual void on_ready(session& s) = 0;
    /// Over, without having been closed from here. It may be started again.
    virtual void on_lost(session& s, const std::string& why) = 0;
    /// The server said no to connecting or joining, so there is nothing to measure.
    virtual void on_refused(session& s, const std::string& why) = 0;
    /// Some of its messages came back or were acknowledged: see session::self() and session::answered.
    virtual void on_progress(session& s) = 0;
};

/// What all sessions of a run share; outlives them.
struct surroundings {
    event_loop& loop;
    endpoint& server;
    const options& wanted;
    board& results;
    session_owner& owner;
    inflater* inflates;  // nullptr: compression is not offered
    std::uint32_t run;   // also in the clients' names, so that two runs do not meet
};

class session {
  public:
    session(surroundings& around, std::uint32_t number)
        : around_(around), number_(number), self_(around.results.member_of(number)) {}
    virtual ~session() = default;
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Connects, from the beginning.
    virtual void start() = 0;
    /// Sends a text; `seq` is its number. Only once ready. What is said in a row goes out with flush().
    virtual void say(std::string_view text, std::uint32_t seq) = 0;
    virtual void flush() = 0;
    /// Ends it, at once and in silence.
    virtual void close() noexcept = 0;

    std::uint32_t number() const noexcept { return number_; }
    member& self() noexcept { return self_; }

    bool ready = false;
    std::uint32_t answered = 0;  // messages acknowledged or refused since somebody set this to 0
    std::uint32_t tries = 0;     // how often it was started
    nanoseconds started = 0;     // the last time

  protected:
    /// To be called after each batch of bytes.
    void tell_progress() {
        if (self_.returned != 0 || answered != 0) around_.owner.on_progress(*this);
    }
    bool joins() const noexcept { return around_.wanted.what != scenario::connect; }
    std::string room() const;
    std::string username() const;

    surroundings& around_;
    const std::uint32_t number_;
    member self_;
};

std::unique_ptr<session> make_session(surroundings& around, std::uint32_t number);

}  // namespace chatterlink::load
