# The page of web/ as the library nsmap_page_bytes. It is built in the build tree, from copies of the
# sources, and again only when one of these changed.
option(NSMAP_WEB "Build the page of web/, which takes Node.js, and hold it in the program" ON)

set(web ${PROJECT_BINARY_DIR}/web)
if(NSMAP_WEB)
  find_program(NODE node)
  find_program(NPM npm)
  if(NOT NODE OR NOT NPM)
    message(FATAL_ERROR "node and npm are needed to build the page of web/. Install them (Debian: "
                        "nodejs npm), or build nsmap without the page: -DNSMAP_WEB=OFF")
  endif()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/web
       ${PROJECT_SOURCE_DIR}/web/src/* ${PROJECT_SOURCE_DIR}/web/test/*
       ${PROJECT_SOURCE_DIR}/web/*.json ${PROJECT_SOURCE_DIR}/web/*.ts
       ${PROJECT_SOURCE_DIR}/web/*.html)
  list(FILTER sources EXCLUDE REGEX "^(node_modules|dist)/")
  # Copies of files that are no more would still be compiled.
  file(GLOB old RELATIVE ${web} ${web}/src/* ${web}/test/*)
  list(REMOVE_ITEM old ${sources})
  list(TRANSFORM old PREPEND ${web}/)
  if(old)
    file(REMOVE ${old})
  endif()

  set(copies)
  foreach(file ${sources})
    add_custom_command(OUTPUT ${web}/${file} DEPENDS ${PROJECT_SOURCE_DIR}/web/${file}
                       COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/web/${file}
                               ${web}/${file}
                       VERBATIM)
    list(APPEND copies ${web}/${file})
  endforeach()

  set(installed ${web}/node_modules/.installed)
  add_custom_command(
    OUTPUT ${installed} DEPENDS ${web}/package.json ${web}/package-lock.json
    WORKING_DIRECTORY ${web}
    COMMAND ${NPM} ci --prefer-offline --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${installed}
    COMMENT "Installing what the page is built with" VERBATIM)
  set(page ${web}/dist/index.html)
  add_custom_command(
    OUTPUT ${page} DEPENDS ${installed} ${copies} WORKING_DIRECTORY ${web}
    COMMAND ${NODE} node_modules/typescript/bin/tsc --noEmit
    COMMAND ${NODE} node_modules/vite/bin/vite.js build --logLevel warn
    COMMENT "Building the page" VERBATIM)
else()
  set(page ${web}/none.html)
  file(WRITE ${page} "")
endif()

enable_language(ASM)
add_library(nsmap_page_bytes STATIC ${PROJECT_SOURCE_DIR}/src/page/page_bytes.S ${page})
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/page/page_bytes.S PROPERTIES
                            OBJECT_DEPENDS ${page} COMPILE_DEFINITIONS NSMAP_PAGE="${page}")
set_target_properties(nsmap_page_bytes PROPERTIES LINKER_LANGUAGE CXX)
