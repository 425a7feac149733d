#include "media/plugin_loader.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace chatterlink::media {

namespace fs = std::filesystem;

#ifdef __APPLE__
const char* const plugin_file_name = "libchatterlink_images_vips.dylib";
#else
const char* const plugin_file_name = "libchatterlink_images_vips.so";
#endif

namespace {

// The folder of the shared object (or program) that contains this function.
fs::path own_folder() {
    Dl_info found{};
    if (dladdr(reinterpret_cast<const void*>(&own_folder), &found) == 0 || found.dli_fname == nullptr)
        return {};
    std::error_code failed;
    // In a program dli_fname is argv[0], which without a slash says nothing about where the program lies.
    if (std::string_view(found.dli_fname).find('/') == std::string_view::npos) return {};
    const fs::path file = fs::canonical(found.dli_fname, failed);
    return failed ? fs::path{} : file.parent_path();
}

fs::path program_folder() {
    std::error_code failed;
    const fs::path file = fs::read_symlink("/proc/self/exe", failed);
    return failed ? fs::path{} : file.parent_path();
}

base::error unusable(const fs::path& file, const std::string& why) {
    return base::fail(base::errc::internal,
                      "Images cannot be processed: the plug-in " + file.string() + " " + why + ".");
}

base::result<const chatterlink_images_functions*> open_plugin(const fs::path& file) {
    // NODELETE: libvips starts threads and registers types, so it must never be unloaded.
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        const char* why = dlerror();
        return unusable(
            file, std::string("could not be loaded (") + (why != nullptr ? why : "no reason given") + ")");
    }
    const auto entry =
        reinterpret_cast<chatterlink_images_entry>(dlsym(handle, CHATTERLINK_IMAGES_PLUGIN_ENTRY));
    if (entry == nullptr) return unusable(file, "is not an image plug-in");
    const chatterlink_images_functions* functions = entry(CHATTERLINK_IMAGES_PLUGIN_VERSION);
    if (functions == nullptr || functions->version != CHATTERLINK_IMAGES_PLUGIN_VERSION) {
        return unusable(file, "is of another version or could not start");
    }
    return functions;
}

}  // namespace

std::vector<fs::path> plugin_folders() {
    std::vector<fs::path> folders;
    const auto add = [&](const fs::path& folder) {
        if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(folder);
    };
    if (const fs::path own = own_folder(); !own.empty()) {
        add(own);
        add(own.parent_path() / "lib");
    }
    if (const fs::path program = program_folder(); !program.empty()) add(program.parent_path() / "lib");
    return folders;
}

base::result<const chatterlink_images_functions*> load_plugin(const std::vector<fs::path>& folders) {
    for (const fs::path& folder : folders) {
        const fs::path file = folder / plugin_file_name;
        std::error_code failed;
        if (fs::is_regular_file(file, failed)) return open_plugin(file);
    }
    return base::fail(base::errc::internal, "Images cannot be processed: this server was installed without " +
                                                std::string(plugin_file_name) + ".");
}

}  // namespace chatterlink::media
