# Reads framework/layers.txt: KMODTEST_LAYERS lists the rooms of framework/, KMODTEST_DEPENDS_<room> the rooms that each
# one links.
set(KMODTEST_LAYERS)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/framework/layers.txt)
file(STRINGS ${PROJECT_SOURCE_DIR}/framework/layers.txt lines REGEX "^[a-z]+:")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z]+): *(.*)$" line "${line}")
  set(room ${CMAKE_MATCH_1})
  string(REPLACE " " ";" KMODTEST_DEPENDS_${room} "${CMAKE_MATCH_2}")
  if(NOT room MATCHES "^(guest|emulator)$")
    list(APPEND KMODTEST_LAYERS ${room})
  endif()
endforeach()
