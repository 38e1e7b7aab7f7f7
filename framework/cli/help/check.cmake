# Checks the form of these files when they are embedded (cmake/Embed.cmake). A page has paragraphs. A table (exit-status,
# environment, files) has "## NAME", an empty line and one paragraph for each entry.
function(check_embedded file text)
  if(file MATCHES "^(exit-status|environment|files)\\.md$")
    string(REGEX REPLACE "## [^\n]+\n\n([^#\n][^\n]*\n)+(\n|$)" "" rest "${text}")
    if(NOT rest STREQUAL "")
      string(REGEX MATCH "^[^\n]*" line "${rest}")
      embedded_problem("${file}" "this line is not part of an entry '## NAME' with one paragraph: ${line}")
    endif()
  elseif(file MATCHES "\\.md$" AND "\n${text}" MATCHES "\n#|\n\n\n")
    embedded_problem("${file}" "has a heading, or two empty lines one after the other")
  endif()
endfunction()
