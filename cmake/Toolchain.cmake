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

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(chatterlink_flags INTERFACE)
target_compile_options(chatterlink_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow
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

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Precompiled headers are cached only with these sloppiness settings (ccache manual, "Precompiled headers").
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
    endif()
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND NOT APPLE AND NOT CHATTERLINK_SANITIZE)
    add_link_options(-fuse-ld=mold)
endif()
