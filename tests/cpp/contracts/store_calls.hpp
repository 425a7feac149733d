// The store port's calls as blocking ones: for the tests of the stores.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "chat/store.hpp"
#include "support/temporary_folder.hpp"

namespace chatterlink::test {

/// Calls `start` with a completion and waits for it, at most 30 s (then throws, as a completion was
/// forgotten).
template <class T, class Start>
base::result<T> wait(Start&& start) {
    // Shared, because a completion may still be returning from set_value when the waiting thread goes on.
    auto promise = std::make_shared<std::promise<base::result<T>>>();
    auto future = promise->get_future();
    start([promise](base::result<T> result) { promise->set_value(std::move(result)); });
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
        throw std::runtime_error("the store did not complete a call");
    }
    return future.get();
}

inline base::result<chat::appended> append(chat::store& store, chat::draft what) {
    return wait<chat::appended>([&](auto then) { store.append(std::move(what), std::move(then)); });
}
inline base::result<chat::history_page> history(chat::store& store, chat::history_query which) {
    return wait<chat::history_page>([&](auto then) { store.history(std::move(which), std::move(then)); });
}
inline base::result<std::vector<chat::room_info>> rooms(chat::store& store) {
    return wait<std::vector<chat::room_info>>([&](auto then) { store.rooms(std::move(then)); });
}
inline base::result<chat::upload> add_upload(chat::store& store, chat::upload what) {
    return wait<chat::upload>([&](auto then) { store.add_upload(std::move(what), std::move(then)); });
}
inline base::result<chat::upload> find_upload(chat::store& store, std::string name) {
    return wait<chat::upload>([&](auto then) { store.find_upload(std::move(name), std::move(then)); });
}

inline chat::draft draft_of(std::string room, std::string text, std::string client_id = {},
                            std::string username = "ann") {
    return {.room = std::move(room),
            .username = std::move(username),
            .text = std::move(text),
            .client_id = std::move(client_id),
            .reply_to = {}};
}

inline chat::history_query newest(std::string room, std::uint32_t limit = 50) {
    return {.room = std::move(room), .before = {}, .after = {}, .limit = limit};
}

/// Every message of a room, by paging through it from the start.
inline std::vector<chat::message> all_messages(chat::store& store, const std::string& room) {
    std::vector<chat::message> all;
    for (;;) {
        auto page = history(store, {room, {}, all.empty() ? 0 : all.back().seq, 500}).value();
        for (auto& each : page.messages) all.push_back(std::move(each));
        if (!page.more) return all;
    }
}

// Keeps the writer busy inside a completion until release(), so that what comes next waits in the queue.
class busy_writer {
  public:
    explicit busy_writer(chat::store& store) {
        store.append(draft_of("room", "keeps the writer busy"), [this](auto) {
            inside_.release();
            go_on_.acquire();
        });
        inside_.acquire();
    }
    void release() { go_on_.release(); }

  private:
    std::binary_semaphore inside_{0};
    std::binary_semaphore go_on_{0};
};

}  // namespace chatterlink::test
