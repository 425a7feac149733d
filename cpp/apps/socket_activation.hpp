// Listening sockets that whoever started this process has opened for it: systemd's socket units
// (sd_listen_fds(3)).
#pragma once

#include <vector>

#include "base/error.hpp"

namespace chatterlink::apps {

/// The descriptors that LISTEN_FDS and LISTEN_PID hand to this very process; none when they are for another
/// or not set. They are not passed on to children, and the variables are removed, so that they are taken
/// once. Errors: config_invalid (the variables make no sense).
base::result<std::vector<int>> inherited_sockets();

}  // namespace chatterlink::apps
