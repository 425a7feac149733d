# Run by the build (Page.cmake): WEB = the page's source folder, OUTPUT = where the built page goes,
# STAMP = touched when done (optional), NODE and NPM = the programs.

# Node found in .venv is not on everybody's PATH, but npm's scripts look for `node` there.
get_filename_component(node_folder ${NODE} DIRECTORY)
set(ENV{PATH} "${node_folder}:$ENV{PATH}")

function(run_npm)
    execute_process(COMMAND ${NPM} ${ARGN} WORKING_DIRECTORY ${WEB} RESULT_VARIABLE status
                    OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " words)
        message(NOTICE "${output}")  # as it is; FATAL_ERROR would wrap its lines
        message(FATAL_ERROR "`npm ${words}` failed in ${WEB}")
    endif()
endfunction()

# npm writes node_modules/.package-lock.json last, so it stands for a complete installation.
# (IS_NEWER_THAN is also true when it does not exist, or for equal times.)
if(${WEB}/package-lock.json IS_NEWER_THAN ${WEB}/node_modules/.package-lock.json)
    run_npm(ci --no-audit --no-fund)
    file(TOUCH ${WEB}/node_modules/.package-lock.json)
endif()

run_npm(run build -- --outDir ${OUTPUT} --emptyOutDir)
if(NOT EXISTS ${OUTPUT}/index.html)
    message(FATAL_ERROR "`npm run build` left no index.html in ${OUTPUT}")
endif()
if(STAMP)
    file(TOUCH ${STAMP})
endif()
