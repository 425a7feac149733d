// The store port in memory: nothing outlives the process. For trying out, for tests, for chats that keep
// nothing.
#pragma once

#include <cstddef>
#include <memory>

#include "chat/store.hpp"

namespace chatterlink::store {

/// Bounds of all rooms together hold for each sixteenth of them by itself.
struct memory_options {
    /// Messages kept of each room, the newest. Their seq goes on counting when older ones are dropped. A
    /// client_id is known as long as its message is kept.
    std::size_t history_limit = 1'000;
    /// Rooms that may have messages. For a further one another is forgotten, of a few one with the fewest
    /// messages; if it comes back, its seq goes on above what it was.
    std::size_t room_limit = 100'000;
    /// Bytes of all messages; above it the oldest of rooms that hold much are dropped.
    std::size_t byte_limit = 256 * 1024 * 1024;
    /// Uploads remembered; the oldest are forgotten first.
    std::size_t upload_limit = 100'000;
};

/// Calls complete before they return, on the calling thread. One exception keeps the order of completions:
/// when an append comes while another thread (or an outer call of the same thread) is inside a completion for
/// that room, that one delivers it as soon as it is done. No lock is held during a completion, so it may call
/// the store again, except for close(), which waits for completions.
std::unique_ptr<chat::store> create_store_memory(memory_options options = {});

}  // namespace chatterlink::store
