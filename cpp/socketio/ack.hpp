// Acknowledgements in both directions: answering a client's event, and hearing what a client answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/shards.hpp"
#include "socketio/settings.hpp"

namespace chatterlink::socketio {

using base::json;

class socket;
struct outgoing;

/// Answers an event that asked for it. May be copied, kept, and called on any thread; the first call counts,
/// a call after the socket ended does nothing. Empty (false) when the client wanted no answer. From another
/// thread than the socket's shard the answer takes its place behind what that thread gave to the server
/// before.
class ack {
  public:
    ack() = default;
    /// On the socket's shard.
    ack(base::shards& threads, const std::shared_ptr<socket>& who, std::uint64_t id, parser wire);
    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// `arguments`: a JSON array; binaries may stand anywhere in it.
    void operator()(json arguments) const;
    /// The same with one argument that is JSON text already.
    void text(std::string_view argument) const;

  private:
    struct state;
    bool take() const;  // whether it is the first call, and somebody is there
    void send(std::shared_ptr<const outgoing> out) const;
    std::shared_ptr<state> state_;
};

/// How waiting for a client's answer ended.
enum class ack_outcome : std::uint8_t { answer, timeout, disconnected };

/// `arguments`: a JSON array, empty unless the outcome is answer. Called exactly once, on the socket's shard.
using ack_callback = std::function<void(ack_outcome, json arguments)>;

/// What came back of a broadcast that asked every socket for an answer.
struct broadcast_answers {
    struct answer {
        std::string sid;
        json arguments;  // a JSON array
    };
    std::vector<answer> answers{};
    std::size_t missing = 0;  // sockets that did not answer in time or left meanwhile
};

/// How the answers to a broadcast are collected.
struct broadcast_acks {
    base::milliseconds timeout{0};  // 0: wait until each has answered or left
    /// Each answer as it comes, on its socket's shard; may be empty.
    std::function<void(const std::string& sid, const json& arguments)> on_answer{};
    /// Once, when all have answered or left, or the time is over; on any shard. May be empty.
    std::function<void(broadcast_answers)> on_done{};
};

}  // namespace chatterlink::socketio
