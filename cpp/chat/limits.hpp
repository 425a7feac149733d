// The bounds of the chat's rules, by name. docs/operations.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "chat/rate_limiter.hpp"

namespace chatterlink::chat {

struct limits {
    std::size_t max_message_bytes = 8 * 1024;  // UTF-8 bytes of one message's text
    std::size_t max_rooms_per_client = 50;
    std::size_t max_attachments = 10;  // of one message
    std::size_t max_client_id_bytes = 64;
    std::size_t max_reply_to_bytes = 64;

    std::uint32_t join_history = 50;         // newest messages in a join's answer
    std::uint32_t join_history_since = 200;  // … or the ones after `since`
    std::uint32_t history_default = 50;
    std::uint32_t history_max = 200;
    std::size_t history_bytes = 256 * 1024;  // texts in one answer: a page must fit well into a send queue
    std::size_t members_whole = 200;         // a join's answer has all names of a room of so many members …
    std::size_t members_page = 50;           // … and so many of a larger one's; the count is always right
    std::size_t members_max = 200;           // names in one page of the list of members
    std::size_t rooms_page = 500;            // rooms in a list
    std::size_t presence_names = 50;         // names in one presence event; the count is always right
    std::size_t typing_names = 20;

    // Presence goes out once per room and delay: the shortest one, or this much per member, up to the
    // longest. In a large room that is 2,500 deliveries a second, however many come and go.
    base::milliseconds presence_delay{100};
    std::chrono::microseconds presence_delay_per_member{400};
    base::milliseconds presence_delay_max{10'000};
    base::milliseconds typing_delay{150};
    base::milliseconds typing_expiry{6'000};  // after the last sign of typing

    bool rate_limited = true;  // false: nothing below applies
    rate_limits rates{};
    rate_limit queries{20, 100};  // history, members and room lists
};

}  // namespace chatterlink::chat
