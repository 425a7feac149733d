// What every adapter does when it ends a call of the store port.
#pragma once

#include <exception>
#include <utility>

#include "base/log.hpp"
#include "chat/store.hpp"

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

inline base::error unknown_upload_error() {
    return base::fail(base::errc::attachment_unknown, "There is no upload of that name.");
}

}  // namespace chatterlink::store
