// The names of a room, or the first of them, as they go to everybody who joins: made once, in every form that
// is asked for, and shared until they change.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/json_text.hpp"

namespace chatterlink::chat {

/// Never changes; any thread.
class name_list {
  public:
    explicit name_list(std::vector<std::string> names) : names_(std::move(names)) {}

    const std::vector<std::string>& names() const noexcept { return names_; }

    /// A JSON array; made by whoever asks first.
    const std::string& json() const {
        std::call_once(asked_, [this] {
            std::string text;
            base::append_json_list(text, names_, base::append_json_text);
            json_ = std::move(text);
        });
        return json_;
    }

  private:
    const std::vector<std::string> names_;
    mutable std::once_flag asked_;
    mutable std::string json_;
};

using name_list_ptr = std::shared_ptr<const name_list>;

}  // namespace chatterlink::chat
