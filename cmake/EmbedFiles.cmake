# Writes the source of kmodtest_embed() (Embed.cmake), or fails with a list of all mistakes in the files:
#
#   cmake -D made=SOURCE -D layer=LAYER -D function=NAME -D folder=FOLDER -D files=FILE;FILE -D check=SCRIPT
#         -P EmbedFiles.cmake
cmake_policy(VERSION 3.25)

function(embedded_problem file message)
  set_property(GLOBAL APPEND_STRING PROPERTY problems "\n  ${folder}/${file}: ${message}")
endfunction()

# Text files end with a newline, and nothing in them ends the raw string that they become.
function(check_text file text)
  if(NOT text MATCHES "[^\n]\n$")
    embedded_problem("${file}" "does not end with one newline")
  endif()
  string(FIND "${text}" ")embedded\"" end_of_string)
  if(NOT end_of_string EQUAL -1)
    embedded_problem("${file}" "has the text )embedded\", which would end it")
  endif()
endfunction()

if(check)
  include(${check})
endif()

set(entries "")
foreach(file IN LISTS files)
  file(READ "${folder}/${file}" text)
  check_text("${file}" "${text}")
  if(check)
    check_embedded("${file}" "${text}")
  endif()
  string(APPEND entries "    {\"${file}\", R\"embedded(${text})embedded\"},\n")
endforeach()
get_property(problems GLOBAL PROPERTY problems)
if(problems)
  message(FATAL_ERROR "Malformed files:${problems}")
endif()

file(WRITE "${made}" "// Made by cmake/EmbedFiles.cmake.
#include \"base/embedded.hpp\"

namespace kmodtest::${layer} {

base::EmbeddedFiles ${function}();

base::EmbeddedFiles ${function}() {
  static constexpr base::EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace kmodtest::${layer}
")
