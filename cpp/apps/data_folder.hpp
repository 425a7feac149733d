// The folder in which the web chat keeps its database and uploads.
#pragma once

#include <filesystem>

#include "base/descriptor.hpp"

namespace chatterlink::apps {

/// Makes the folder, readable by its owner only, and finds out now rather than at the first message whether
/// it can be written. Failure: base::failure, with the path and what to do.
void prepare_data_folder(const std::filesystem::path& folder);

/// Marks the folder as in use for as long as what is returned is kept (flock(2): nothing is left after a
/// crash). If another program has marked it, the log says what follows from that; both may go on.
base::descriptor mark_data_folder(const std::filesystem::path& folder);

}  // namespace chatterlink::apps
