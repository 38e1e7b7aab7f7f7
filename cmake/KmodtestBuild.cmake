# Third parties, one target each, and the two functions that folders are declared with.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(kmodtest_options INTERFACE)
target_compile_options(kmodtest_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual)
if(KMODTEST_WERROR)
  target_compile_options(kmodtest_options INTERFACE -Werror)
endif()
target_include_directories(kmodtest_options INTERFACE ${PROJECT_SOURCE_DIR}/framework)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 takes the frame of every Asio coroutine for one that plain `new` made.
  target_compile_options(kmodtest_options INTERFACE -Wno-mismatched-new-delete)
  if(KMODTEST_UNITY)
    # To g++ a .cpp file that another one includes is a header, where types of an anonymous namespace would be a mistake.
    target_compile_options(kmodtest_options INTERFACE -Wno-subobject-linkage)
  endif()
endif()
if(KMODTEST_SANITIZE)
  target_compile_options(kmodtest_options INTERFACE
    -fsanitize=${KMODTEST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(kmodtest_options INTERFACE -fsanitize=${KMODTEST_SANITIZE})
endif()

if(KMODTEST_FUZZ)
  target_compile_options(kmodtest_options INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(kmodtest_options INTERFACE -fsanitize=address,undefined)
endif()

include(Layers)

# kmodtest_layer(<room> [LIBRARIES <target>...])
# One folder of framework/, with the folders below it, as the static library kmodtest_<room>. framework/layers.txt says
# which other rooms it links.
function(kmodtest_layer name)
  cmake_parse_arguments(LAYER "" "" "LIBRARIES" ${ARGN})
  set(libraries kmodtest_options ${LAYER_LIBRARIES})
  foreach(dependency IN LISTS KMODTEST_DEPENDS_${name})
    list(APPEND libraries kmodtest_${dependency})
  endforeach()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    add_library(kmodtest_${name} INTERFACE)
    target_link_libraries(kmodtest_${name} INTERFACE ${libraries})
    return()
  endif()
  add_library(kmodtest_${name} STATIC ${sources})
  # Parts of libkmodtest.so too.
  set_target_properties(kmodtest_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(kmodtest_${name} PUBLIC ${libraries})
  # Most of the time goes into headers and into instantiating the same templates: several files at once take a third of
  # it. The preset dev compiles each file by itself, for short builds after an edit.
  set_target_properties(kmodtest_${name} PROPERTIES UNITY_BUILD ${KMODTEST_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()
