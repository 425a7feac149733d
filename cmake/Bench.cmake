# The load generator: bench/load becomes bin/chatterlink-bench, and goes into the wheel as a program of its own. It is
# lean (no Asio, none of the chat's layers) and needs Linux's epoll; elsewhere it is left out.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    file(GLOB load_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/load/*.cpp ${CMAKE_SOURCE_DIR}/bench/load/*.hpp)
    list(FILTER load_sources EXCLUDE REGEX "_main\\.cpp$")
    add_library(chatterlink_load STATIC ${load_sources})
    target_include_directories(chatterlink_load PUBLIC ${CMAKE_SOURCE_DIR}/bench)
    target_compile_definitions(chatterlink_load PRIVATE CHATTERLINK_VERSION="${CHATTERLINK_VERSION}")
    target_link_libraries(chatterlink_load PUBLIC nlohmann_json::nlohmann_json PRIVATE CLI11::CLI11 ZLIB::ZLIB chatterlink_flags)

    add_executable(chatterlink-bench ${CMAKE_SOURCE_DIR}/bench/load/bench_main.cpp)
    target_link_libraries(chatterlink-bench PRIVATE chatterlink_load chatterlink_flags)
    add_dependencies(chatterlink_programs chatterlink-bench)
    if(TARGET chatterlink_python AND DEFINED SKBUILD_SCRIPTS_DIR)
        add_dependencies(chatterlink_python chatterlink-bench)
        install(TARGETS chatterlink-bench RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT python)
    endif()
endif()
