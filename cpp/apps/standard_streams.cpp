#include "apps/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace chatterlink::apps {

void open_standard_streams() noexcept {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
        // open() gives the lowest free number, which is this one: those below are open by now.
        if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != stream) return;
    }
}

}  // namespace chatterlink::apps
