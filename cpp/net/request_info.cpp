#include "net/request_info.hpp"

#include "base/ascii.hpp"

namespace chatterlink::net {

std::string_view request_info::path() const noexcept {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view request_info::query() const noexcept {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string_view request_info::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields) {
        if (base::same_word(key, name)) return value;
    }
    return {};
}

}  // namespace chatterlink::net
