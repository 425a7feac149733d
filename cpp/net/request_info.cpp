#include "net/request_info.hpp"

#include <algorithm>

namespace chatterlink::net {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view request_info::path() const noexcept {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view request_info::query() const noexcept {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string_view request_info::header(std::string_view name) const noexcept {
    const auto same = [](char a, char b) { return lower(a) == lower(b); };
    for (const auto& [key, value] : fields) {
        if (key.size() == name.size() && std::equal(key.begin(), key.end(), name.begin(), same)) return value;
    }
    return {};
}

}  // namespace chatterlink::net
