# How everything is compiled: language, warnings (errors), sanitizers, compiler cache, linker.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # every layer also goes into the Python extension
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# Nothing that is compiled knows where the clone is (__FILE__, debug information): another one, or an unpacked source
# distribution, gets the same from the compiler cache.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(chatterlink_flags INTERFACE)
# A test's local may have the name of a global of another test that is compiled along with it (UNITY_BUILD).
set(shadow_in_tests $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wno-shadow>)
target_compile_options(chatterlink_flags INTERFACE -Wall -Wextra -Wpedantic -Werror
    $<IF:$<BOOL:$<TARGET_PROPERTY:CHATTERLINK_IS_TEST>>,${shadow_in_tests},-Wshadow>
    -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports these inside its own and Boost's inlined headers at -O2 (GCC PR 105562, 105329).
    target_compile_options(chatterlink_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict
        -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread)
endif()
if(CHATTERLINK_SANITIZE)
    # Whatever is found ends the program, also what UBSan would only print.
    add_compile_options(-fsanitize=${CHATTERLINK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
    add_link_options(-fsanitize=${CHATTERLINK_SANITIZE})
    if(CHATTERLINK_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Asio's fences, which ThreadSanitizer does not see; what they order is ordered by Asio's mutexes as well.
        add_compile_options(-Wno-tsan)
    endif()
endif()

# Files of one target are compiled several at a time: most of what one costs is the headers they share. Off where a
# compiler's answer for one file is wanted (the preset tidy).
option(CHATTERLINK_UNITY "Compile several files at a time" ON)
set(CMAKE_UNITY_BUILD ${CHATTERLINK_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 6)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Only what is used is linked: a program is a third smaller and more, and a message's way leads through fewer pages
# (docs/performance-notes.md, "A message in a quiet room").
if(NOT CHATTERLINK_SANITIZE)
    add_compile_options(-ffunction-sections -fdata-sections)
    add_link_options(LINKER:$<IF:$<PLATFORM_ID:Darwin>,-dead_strip,--gc-sections>)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND NOT APPLE AND NOT CHATTERLINK_SANITIZE)
    add_link_options(-fuse-ld=mold)
endif()
