#include "apps/client_link.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "chat/line_protocol.hpp"

namespace chatterlink::apps {

using base::steady_now;

client_link::client_link(line_client_options options) : options_(std::move(options)) {
    thread_ = std::thread([this] { run(); });
}

client_link::~client_link() {
    stop();
    thread_.join();
}

void client_link::stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    while (!done_) {
        const auto client = client_;
        lock.unlock();
        if (client) client->stop();
        lock.lock();
        // Again and again: the thread may have been about to start the client that was stopped just now.
        changed_.wait_for(lock, base::milliseconds(20), [this] { return done_; });
    }
}

client_link::outcome client_link::say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    return say_locked(line);
}

client_link::outcome client_link::say_patiently(const std::string& line) {
    if (line.size() > chat::max_line_bytes) return outcome::too_long;
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return here_ || stopping_ || over_ || kept_.size() < most_kept; });
        if (stopping_ || over_) return outcome::full;
        if (!here_) return say_locked(line);
        // A flood may fill the connection: nobody else is to wait for it, so it is sent without the lock.
        const auto client = client_;
        lock.unlock();
        bool sent = true;
        try {
            client->send(line);
        } catch (const base::failure&) {
            sent = false;
        }
        lock.lock();
        if (sent) {
            remember(line);
            return outcome::sent;
        }
        // It went away this moment; the thread will notice.
        changed_.wait_for(lock, base::milliseconds(100),
                          [&] { return stopping_ || over_ || client_ != client; });
    }
}

client_link::outcome client_link::say_locked(const std::string& line) {
    if (line.size() > chat::max_line_bytes) return outcome::too_long;
    if (here_) {
        try {
            client_->send(line);
            remember(line);
            return outcome::sent;
        } catch (const base::failure&) {
            // It went away this moment; the thread will notice. The line is kept.
        }
    }
    if (kept_.size() >= most_kept) return outcome::full;
    kept_.push_back(line);
    return outcome::kept;
}

/// Name and room belong to the connection at the server, so a new connection has to ask for them again.
void client_link::remember(const std::string& line) {
    const auto parsed = chat::parse_line(line);
    if (parsed.text.empty()) return;
    if (parsed.command == chat::line_command::name) options_.name = parsed.text;
    if (parsed.command == chat::line_command::join) room_ = parsed.text;
}

std::size_t client_link::kept() const {
    const std::lock_guard lock(mutex_);
    return kept_.size();
}

std::vector<link_event> client_link::take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    const auto end = events_.begin() + static_cast<std::ptrdiff_t>(std::min(most, events_.size()));
    std::vector<link_event> taken(std::make_move_iterator(events_.begin()), std::make_move_iterator(end));
    events_.erase(events_.begin(), end);
    if (events_.empty()) wake_.clear();
    changed_.notify_all();
    return taken;
}

/// The link's own thread, as everything below.
void client_link::run() {
    std::minstd_rand random(std::random_device{}());
    base::milliseconds pause_time = first_pause;
    bool told_slow = false;
    for (bool again = false;; again = true) {
        if (connect(again)) {
            const auto since = steady_now();
            read_to_the_end();
            if (steady_now() - since >= proven_after) pause_time = first_pause;
            told_slow = false;
            const std::lock_guard lock(mutex_);
            if (stopping_ || !options_.reconnect) break;
        }
        {
            const std::lock_guard lock(mutex_);
            if (stopping_ || over_) break;
        }
        if (again && pause_time == longest_pause && !std::exchange(told_slow, true))
            push({link_event::kind::slow_now});
        const long quarter = pause_time.count() / 4;
        if (!pause(pause_time +
                   base::milliseconds(std::uniform_int_distribution<long>(-quarter, quarter)(random))))
            break;
        pause_time = std::min(pause_time * 2, longest_pause);
    }
    const std::lock_guard lock(mutex_);
    over_ = done_ = true;
    changed_.notify_all();
}

/// False when it did not work; the first time that is the end.
bool client_link::connect(bool again) {
    std::shared_ptr<line_client> client;
    std::string room;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        client = std::make_shared<line_client>(options_);
        client_ = client;  // so that stopping can call the attempt off
        room = room_;
    }
    try {
        client->start();
        if (!room.empty()) client->send("/join " + room);
    } catch (const base::failure& f) {
        if (!again) {
            const std::lock_guard lock(mutex_);
            over_ = true;
            events_.push_back({link_event::kind::failed, f.get().message});
            wake_.set();
        }
        return false;
    }
    begin(again);
    return true;
}

/// In one go, so that whoever sees that it is connected can say something at once, and after what was kept.
void client_link::begin(bool again) {
    std::unique_lock lock(mutex_);
    wait_for_room(lock);
    events_.push_back({link_event::kind::connected, {}, again, kept_.size()});
    wake_.set();
    while (!kept_.empty()) {
        try {
            client_->send(kept_.front());
        } catch (const base::failure&) {
            return;  // away again; the rest stays kept
        }
        remember(kept_.front());
        events_.push_back({link_event::kind::said, std::move(kept_.front())});
        kept_.pop_front();
    }
    here_ = true;
    changed_.notify_all();
}

void client_link::read_to_the_end() {
    const auto client = client_;
    while (!client->ended()) {
        // A stop ends the connection, which ends the wait.
        if (auto line = client->receive(base::milliseconds(60'000)))
            push({link_event::kind::line, std::move(*line)});
    }
    client->stop();
    const std::lock_guard lock(mutex_);
    here_ = false;
    if (stopping_) return;
    over_ = !options_.reconnect;
    changed_.notify_all();
    events_.push_back({over_ ? link_event::kind::ended : link_event::kind::lost});
    wake_.set();
}

/// False when stopping.
bool client_link::pause(base::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void client_link::wait_for_room(std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [this] { return stopping_ || events_.size() < line_client::max_waiting_lines; });
}

/// Waits while too many events wait.
void client_link::push(link_event event) {
    std::unique_lock lock(mutex_);
    wait_for_room(lock);
    events_.push_back(std::move(event));
    wake_.set();
}

}  // namespace chatterlink::apps
