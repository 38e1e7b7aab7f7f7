# The page of `kmodtest run --html`: its style sheet and its script, bundled with the parts of d3 that it imports,
# become string constants of the library. esbuild and d3 are from Debian (esbuild, node-d3-*).

# kmodtest_page(<target>): adds the sources that implement framework/report/html/assets.hpp.
function(kmodtest_page target)
  find_program(ESBUILD esbuild)
  if(NOT ESBUILD)
    message(FATAL_ERROR "esbuild is missing; tools/install-dependencies.sh installs it")
  endif()
  find_path(KMODTEST_NODE_MODULES d3-selection/package.json
            PATHS /usr/share/nodejs /usr/lib/nodejs ${PROJECT_SOURCE_DIR}/node_modules
            DOC "The folder with the packages d3-selection, d3-scale, d3-axis, d3-zoom")
  if(NOT KMODTEST_NODE_MODULES)
    message(FATAL_ERROR "d3 is missing; tools/install-dependencies.sh installs it (node-d3-selection and others)")
  endif()
  set(page ${CMAKE_CURRENT_SOURCE_DIR}/html/page)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/page)
  file(GLOB parts CONFIGURE_DEPENDS ${page}/*.js ${page}/*.css ${page}/licences.txt)
  set(bundle ${CMAKE_COMMAND} -E env NODE_PATH=${KMODTEST_NODE_MODULES} ${ESBUILD} --bundle --minify --charset=utf8
             --target=chrome90,firefox113,safari16.4 --log-level=warning)
  add_custom_command(
    OUTPUT ${made}/assets.cpp
    COMMAND ${bundle} --format=iife --outfile=${made}/report.js ${page}/report.js
    COMMAND ${bundle} --outfile=${made}/report.css ${page}/report.css
    COMMAND ${CMAKE_COMMAND} -D page=${page} -D made=${made} -P ${PROJECT_SOURCE_DIR}/cmake/PageAssets.cmake
    DEPENDS ${parts} ${page}/assets.cpp.in ${PROJECT_SOURCE_DIR}/cmake/PageAssets.cmake
    COMMENT "Bundling the page of the HTML report"
    VERBATIM)
  target_sources(${target} PRIVATE ${made}/assets.cpp)
endfunction()
