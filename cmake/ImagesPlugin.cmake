# The image plug-in: libvips in a module of its own, loaded at the first upload (cpp/media/plugin_loader.hpp), since
# linking it into the programs would cost every start 21 MB and the time to load a hundred libraries.
# Include it after the layer `media` is declared. Left out with CHATTERLINK_WITH_VIPS=OFF; then uploads are answered with a sentence that says so.
if(CHATTERLINK_WITH_VIPS)
    add_library(chatterlink_images_vips MODULE ${CMAKE_SOURCE_DIR}/cpp/media/images_vips_plugin.cpp)
    set_target_properties(chatterlink_images_vips PROPERTIES
        PREFIX lib
        SUFFIX ${CMAKE_SHARED_LIBRARY_SUFFIX}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
    target_include_directories(chatterlink_images_vips PRIVATE ${CMAKE_SOURCE_DIR}/cpp)
    target_link_libraries(chatterlink_images_vips PRIVATE PkgConfig::vips chatterlink_flags)
    target_compile_definitions(chatterlink_images_vips PRIVATE G_LOG_DOMAIN="chatterlink")
    add_dependencies(chatterlink_media chatterlink_images_vips)  # whoever uses the layer finds it built
else()
    target_compile_definitions(chatterlink_media INTERFACE CHATTERLINK_WITHOUT_VIPS)
endif()
target_link_libraries(chatterlink_media PRIVATE ${CMAKE_DL_LIBS})
