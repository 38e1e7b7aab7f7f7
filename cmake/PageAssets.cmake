# Turns the bundled page into C++: cmake -D page=SOURCES -D made=BUNDLED -P PageAssets.cmake
foreach(part report.js report.css)
  file(READ ${made}/${part} content)
  # Content of an HTML page must not end its element, and content of a raw string must not end that string.
  string(FIND "${content}" "</" ends_element)
  string(FIND "${content}" ")page\"" ends_string)
  if(NOT ends_element EQUAL -1 OR NOT ends_string EQUAL -1)
    message(FATAL_ERROR "${part} holds </ or )page\", which would end it in the report")
  endif()
  string(REPLACE "." "_" name ${part})
  set(${name} "${content}")
endforeach()
file(READ ${page}/licences.txt licences)
configure_file(${page}/assets.cpp.in ${made}/assets.cpp @ONLY)
