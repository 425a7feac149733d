# Run by the build (Page.cmake): writes OUTPUT, the bodies of cpp/page/assets.hpp, from the files in FOLDER.
# Plain C++ string literals rather than an assembler's .incbin: the same on Linux and macOS, and ccache sees it all.
cmake_minimum_required(VERSION 3.24)

set(media_types  # ending, type
    .html text/html  .css text/css  .js text/javascript  .mjs text/javascript  .txt text/plain
    .json application/json  .map application/json  .webmanifest application/manifest+json  .wasm application/wasm
    .svg image/svg+xml  .png image/png  .jpg image/jpeg  .jpeg image/jpeg  .gif image/gif  .webp image/webp
    .avif image/avif  .ico image/x-icon  .woff font/woff  .woff2 font/woff2  .ttf font/ttf
    .mp3 audio/mpeg  .ogg audio/ogg  .wav audio/wav)

function(media_type name out)
    get_filename_component(ending ${name} LAST_EXT)
    string(TOLOWER "${ending}" ending)
    list(FIND media_types "${ending}" at)
    if(at EQUAL -1)
        set(type application/octet-stream)
    else()
        math(EXPR at "${at} + 1")
        list(GET media_types ${at} type)
    endif()
    if(type MATCHES "^text/")
        string(APPEND type "; charset=utf-8")
    endif()
    set(${out} "${type}" PARENT_SCOPE)
endfunction()

# The bytes of a file as the inside of a C++ string literal, cut into lines of 64 bytes.
function(literal_of file out)
    file(READ ${file} hex HEX)
    if(file STREQUAL packed)
        # Bytes 4 to 7 of gzip are the time of packing (RFC 1952 §2.3); the same page must give the same program.
        string(REGEX REPLACE "^(1f8b08..)........" "\\100000000" hex "${hex}")
    endif()
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
    string(REPEAT "\\\\x[0-9a-f][0-9a-f]" 64 line)
    string(REGEX REPLACE "(${line})" "\\1\"\n    \"" text "${text}")
    set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files COMPARE STRING)  # by bytes, as std::string_view compares
if(NOT files)
    message(FATAL_ERROR "No page in ${FOLDER}")
endif()

get_filename_component(work ${OUTPUT} DIRECTORY)
set(packed ${work}/asset.gz)
set(data "")
set(table "")
set(index 0)
foreach(name IN LISTS files)
    set(file ${FOLDER}/${name})
    media_type(${name} type)
    file(SIZE ${file} size)
    file(SHA256 ${file} hash)
    string(SUBSTRING ${hash} 0 32 hash)
    literal_of(${file} bytes)

    set(gzip "\"\"")
    set(packed_size 0)
    if(size GREATER 256)  # below, compressing saves nothing (and CMake refuses an empty file)
        file(ARCHIVE_CREATE OUTPUT ${packed} PATHS ${file} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
        file(SIZE ${packed} new_size)
        math(EXPR worth "${size} * 9 / 10")
        if(new_size LESS worth)
            literal_of(${packed} gzip)
            set(packed_size ${new_size})
        endif()
    endif()

    string(APPEND data "constexpr char bytes_${index}[] = ${bytes};\nconstexpr char gzip_${index}[] = ${gzip};\n")
    string(APPEND table "    {\"/${name}\", \"${type}\", {bytes_${index}, ${size}}, {gzip_${index}, ${packed_size}}, "
                        "R\"(\"${hash}\")\"},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(REMOVE ${packed})

file(WRITE ${OUTPUT}.new "// Written by cmake/embed_page.cmake from ${FOLDER}.\n#include \"page/assets.hpp\"\n
namespace chatterlink::page {\nnamespace {\n\n${data}\nconstexpr asset all[] = {\n${table}};\n
}  // namespace\n\nstd::span<const asset> assets() noexcept { return all; }\n\n}  // namespace chatterlink::page\n")
file(RENAME ${OUTPUT}.new ${OUTPUT})
