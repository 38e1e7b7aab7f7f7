# Third parties, with one target each, and the two functions that declare folders.
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
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Embedded files are long texts; every compiler that kmodtest is built with can do that.
  target_compile_options(kmodtest_options INTERFACE -Wno-overlength-strings)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 wrongly assumes that plain `new` allocated the frame of every Asio coroutine.
  target_compile_options(kmodtest_options INTERFACE -Wno-mismatched-new-delete)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    # A false alarm about std::optional: g++ 14 does not follow its flag through inlined destructors.
    target_compile_options(kmodtest_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(KMODTEST_UNITY)
    # g++ treats a .cpp file that another one includes as a header, in which types of an anonymous namespace would be a
    # mistake.
    target_compile_options(kmodtest_options INTERFACE -Wno-subobject-linkage)
  endif()
endif()
if(KMODTEST_SANITIZE)
  target_compile_options(kmodtest_options INTERFACE
    -fsanitize=${KMODTEST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(kmodtest_options INTERFACE -fsanitize=${KMODTEST_SANITIZE})
  if(KMODTEST_SANITIZE MATCHES undefined)
    # The check of vtables opens a pipe for each look, which fails in tests of a process that has no descriptors left.
    target_compile_options(kmodtest_options INTERFACE -fno-sanitize=vptr)
  endif()
endif()

# libFuzzer looks at which branches an input takes. The code that is fuzzed tells it; tests need not.
set(KMODTEST_COVERAGE $<$<BOOL:${KMODTEST_FUZZ}>:-fsanitize=fuzzer-no-link>)

# Conversions that lose a value or its sign. Not for tests, whose numbers are small and their own. clang means more by
# these names.
set(KMODTEST_CONVERSIONS $<$<CXX_COMPILER_ID:GNU>:-Wconversion> $<$<CXX_COMPILER_ID:GNU>:-Wsign-conversion>)

include(Layers)

# kmodtest_layer(<room> [LIBRARIES <target>...])
# Builds a folder of framework/, including its subfolders, as the static library kmodtest_<room>. framework/layers.txt
# lists the other rooms that it links.
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
  # These libraries are parts of libkmodtest.so, too.
  set_target_properties(kmodtest_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(kmodtest_${name} PUBLIC ${libraries})
  target_compile_options(kmodtest_${name} PRIVATE ${KMODTEST_CONVERSIONS} ${KMODTEST_COVERAGE})
  # Headers and repeated instantiations of the same templates take most of the time: several files at once need a third
  # of it. The preset dev compiles each file alone, for short builds after an edit.
  set_target_properties(kmodtest_${name} PROPERTIES UNITY_BUILD ${KMODTEST_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()
