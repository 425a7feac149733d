// What the programs say of an argument that no option takes.
#pragma once

#include <string>
#include <vector>

namespace chatterlink::apps {

/// Of the first one: what follows is mostly its value. (CLI11 2.1 names them all, the last one first.)
/// remaining: not empty.
inline std::string unexpected_argument(const std::vector<std::string>& remaining) {
    const auto& first = remaining.front();
    return (first.starts_with('-') ? "there is no option '" : "there is an argument too many: '") + first +
           "'";
}

}  // namespace chatterlink::apps
