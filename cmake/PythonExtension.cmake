# chatterlink._core: the extension module, and its installation (component "python") into the package's folder.
# The Python is the one of the build (scikit-build-core, the Makefile: Python_EXECUTABLE), else the one found.
find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)

if(NOT pybind11_DIR)
    execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir OUTPUT_VARIABLE pybind11_cmake_folder
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.12 CONFIG REQUIRED HINTS ${pybind11_cmake_folder})

file(GLOB binding_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cpp/bindings/*.cpp ${CMAKE_SOURCE_DIR}/cpp/bindings/*.hpp)
# NO_EXTRAS: no link-time optimisation, which would compile every layer a second time.
pybind11_add_module(chatterlink_core MODULE NO_EXTRAS ${binding_sources})
set_target_properties(chatterlink_core PROPERTIES OUTPUT_NAME _core
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/python)
target_compile_definitions(chatterlink_core PRIVATE CHATTERLINK_VERSION="${PROJECT_VERSION}")
target_link_libraries(chatterlink_core PRIVATE chatterlink_apps chatterlink_flags)
install(TARGETS chatterlink_core LIBRARY DESTINATION chatterlink COMPONENT python)

add_custom_target(chatterlink_python DEPENDS chatterlink_core)
if(TARGET chatterlink_images_vips)
    add_dependencies(chatterlink_python chatterlink_images_vips)
    install(TARGETS chatterlink_images_vips LIBRARY DESTINATION chatterlink COMPONENT python)
endif()
