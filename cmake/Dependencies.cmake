# Every library from outside, found on the system. docs/architecture.md says why each is there.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB 1.2.6 REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 3.34 REQUIRED)
if(NOT TARGET SQLite::SQLite3)
    add_library(SQLite::SQLite3 ALIAS SQLite3::SQLite3)
endif()
find_package(ICU 67 REQUIRED COMPONENTS uc i18n)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
add_library(sodium::sodium ALIAS PkgConfig::sodium)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
add_library(libedit::libedit ALIAS PkgConfig::libedit)
# Linux alone has it, and not every Linux: without it sends are one system call each (net/send_ring.hpp).
pkg_check_modules(uring IMPORTED_TARGET liburing>=2.2)
if(CHATTERLINK_WITH_VIPS)
    pkg_check_modules(vips REQUIRED IMPORTED_TARGET vips>=8.10)
endif()

# Asio and Beast are header libraries; their bodies are compiled once, here, and not in every file.
add_library(chatterlink_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_bodies.cpp)
target_compile_definitions(chatterlink_boost PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
if(CHATTERLINK_SANITIZE MATCHES "thread")
    # ThreadSanitizer knows no memory fences (and GCC refuses to compile them). Asio's are beside the lock of its queue,
    # which orders the handlers by itself.
    target_compile_definitions(chatterlink_boost PUBLIC BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
target_link_libraries(chatterlink_boost PUBLIC Boost::headers Threads::Threads OpenSSL::SSL OpenSSL::Crypto)

add_library(chatterlink_boost_json STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_json_bodies.cpp)
target_link_libraries(chatterlink_boost_json PUBLIC Boost::headers)
