// One app for one data folder: two would not hear of each other's messages.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/descriptor.hpp"

namespace chatterlink::apps {

/// Holds a folder as long as it lives. The kernel lets go of it when the process ends, however it ends.
class folder_lock {
  public:
    /// Throws base::failure, io_failed, when somebody else holds it or the lock's file cannot be made.
    explicit folder_lock(const std::filesystem::path& folder);
    ~folder_lock();
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;

  private:
    base::descriptor file_;
    pid_t owner_;
};

}  // namespace chatterlink::apps
