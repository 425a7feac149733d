// What every adapter of the store port does with what it is given, and when it ends a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "chat/store.hpp"
#include "store/work_queue.hpp"

namespace chatterlink::store {

/// Calls a completion. An exception in it is the caller's fault: it is logged and goes no further, so that it
/// can neither end the adapter's thread nor keep others from their completions.
template <class T>
void complete(const chat::store::done<T>& then, base::result<T> result) noexcept {
    try {
        then(std::move(result));
    } catch (const std::exception& e) {
        spdlog::error("store: a completion threw: {}", e.what());
    } catch (...) {
        spdlog::error("store: a completion threw");
    }
}

inline base::error closed_error() {
    return base::fail(base::errc::shutting_down, "The server is shutting down.");
}

/// Puts a job (`type`: of its result; `then`) into a queue. One that is not taken ends at once, on the
/// caller's thread: with `full()`, or because the store is closed.
template <class AnyJob, class Job>
void put_or_refuse(work_queue<AnyJob>& queue, Job what, std::size_t bytes, base::error (*full)()) {
    using outcome = typename work_queue<AnyJob>::outcome;
    const auto came = queue.put(what, bytes);
    if (came == outcome::taken) return;
    complete<typename Job::type>(what.then, came == outcome::full ? full() : closed_error());
}

/// The message that a draft becomes.
inline chat::message message_of(chat::draft&& what, std::string&& id, std::uint64_t seq,
                                std::int64_t timestamp) {
    return {.id = std::move(id),
            .room = std::move(what.room),
            .seq = seq,
            .username = std::move(what.username),
            .text = std::move(what.text),
            .timestamp = timestamp,
            .client_id = std::move(what.client_id),
            .reply_to = std::move(what.reply_to),
            .attachments = std::move(what.attachments)};
}

inline base::error unknown_upload_error() {
    return base::fail(base::errc::attachment_unknown, "There is no upload of that name.");
}

}  // namespace chatterlink::store
