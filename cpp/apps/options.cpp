#include "apps/options.hpp"

#include <cstdlib>

namespace chatterlink::apps {

std::filesystem::path default_data_folder() {
    const char* const xdg = std::getenv("XDG_DATA_HOME");
    if (xdg != nullptr && xdg[0] == '/')
        return std::filesystem::path(xdg) / "chatterlink";  // relative ones are invalid
    const char* const home = std::getenv("HOME");
    if (home != nullptr && home[0] == '/') return std::filesystem::path(home) / ".local/share/chatterlink";
    return std::filesystem::absolute("chatterlink-data");
}

}  // namespace chatterlink::apps
