// Finds and loads the image plug-in (images_plugin.hpp).
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.hpp"
#include "media/images_plugin.hpp"

namespace chatterlink::media {

/// The plug-in's file name.
extern const char* const plugin_file_name;

/// Where it is looked for, in this order: the folder of the shared object or program that holds this code (in
/// a Python wheel the plug-in lies beside the extension), `../lib` of that folder, and `../lib` of the
/// running program's folder (an installed prefix, or the build folder). Nothing else: no working folder, no
/// variable.
std::vector<std::filesystem::path> plugin_folders();

/// Loads the first plug-in found in these folders; it stays loaded for the life of the process.
/// Errors: internal, with a sentence for people that says what is missing or what did not fit.
base::result<const chatterlink_images_functions*> load_plugin(
    const std::vector<std::filesystem::path>& folders);

}  // namespace chatterlink::media
