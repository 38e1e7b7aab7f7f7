# Makes one target of all unit test programs, for trees that build nothing else.
add_custom_target(unit_tests)
foreach(layer IN LISTS KMODTEST_LAYERS)
  if(TARGET test_${layer})
    add_dependencies(unit_tests test_${layer})
  endif()
endforeach()
add_dependencies(unit_tests test_qemu_library)

if(NOT KMODTEST_OTHER_TREES)
  return()
endif()

# Lets one ctest run of the release tree (build/) include everything. The unit tests under the sanitizers and the short
# fuzz runs are in a build tree of their own (preset asan, built by `make check`). Here they are added as tests that run
# ctest in that tree. If it was never configured, they fail by name ("required file …/build/asan/… missing").
#
# kmodtest_sanitized(<test name> FILTER <option> <regex> LABEL <label> PROCESSORS <n> TIMEOUT <seconds>)
function(kmodtest_sanitized name)
  cmake_parse_arguments(OTHER "" "LABEL;PROCESSORS;TIMEOUT" "FILTER" ${ARGN})
  set(folder ${PROJECT_SOURCE_DIR}/build/asan)
  add_test(NAME ${name}
           COMMAND ${PROJECT_SOURCE_DIR}/tools/with-fixed-addresses.sh
                   ${CMAKE_CTEST_COMMAND} --test-dir ${folder} ${OTHER_FILTER}
                   --output-on-failure --no-tests=error --parallel ${OTHER_PROCESSORS})
  set_tests_properties(${name} PROPERTIES LABELS ${OTHER_LABEL} PROCESSORS ${OTHER_PROCESSORS} TIMEOUT ${OTHER_TIMEOUT}
                       REQUIRED_FILES ${folder}/CTestTestfile.cmake)
endfunction()

kmodtest_sanitized(asan.unit FILTER --label-regex "^unit$" LABEL asan PROCESSORS 2 TIMEOUT 900)
foreach(target plan frame message kmsg procfs resources registers struct_layouts kallsyms sched_trace)
  kmodtest_sanitized(fuzz.${target} FILTER --tests-regex "^fuzz[.]${target}$"
                     LABEL fuzz PROCESSORS 1 TIMEOUT 300)
endforeach()
