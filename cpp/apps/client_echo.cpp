#include "apps/client_echo.hpp"

#include <algorithm>

#include "chat/line_protocol.hpp"

namespace chatterlink::apps {

void client_echo::said(std::string_view line, base::steady_time now) {
    if (habit_ == habit::silent) return;
    const auto parsed = chat::parse_line(line);
    if (parsed.command) return;
    awaited_.push_back({std::string(parsed.text), now + window});
    if (awaited_.size() > most_awaited) awaited_.pop_front();
}

bool client_echo::swallow(std::string_view incoming, base::steady_time now) {
    while (!awaited_.empty() && awaited_.front().until <= now) {
        awaited_.pop_front();
        if (habit_ == habit::unknown) habit_ = habit::silent;
    }
    if (habit_ == habit::silent) awaited_.clear();

    const auto echo = std::find_if(awaited_.begin(), awaited_.end(),
                                   [&](const awaited& one) { return one.text == incoming; });
    if (echo != awaited_.end()) {
        habit_ = habit::echoes;
        awaited_.erase(awaited_.begin(), echo + 1);  // echoes come in order: those before were not passed on
        return true;
    }
    if (incoming.starts_with("! ") && !awaited_.empty()) awaited_.pop_front();
    return false;
}

void client_echo::reset() {
    awaited_.clear();
    habit_ = habit::unknown;
}

}  // namespace chatterlink::apps
