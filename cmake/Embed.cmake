# Text files of the source tree that are parts of a program: prose, templates, scripts.
#
# kmodtest_embed(<target> <layer>::<function> FOLDER <folder> FILES <file of the folder>... [CHECK <script>])
# Adds a source to <target> that defines `base::EmbeddedFiles kmodtest::<layer>::<function>()` (base/embedded.hpp): the
# files in this order. An edit of a file rebuilds that source only. CHECK names a script with a function
# check_embedded(<file> <text>), which calls embedded_problem(<file> <message>) for whatever is wrong. The build fails with
# all these messages.
function(kmodtest_embed target name)
  cmake_parse_arguments(EMBED "" "FOLDER;CHECK" "FILES" ${ARGN})
  string(REPLACE "::" ";" parts ${name})
  list(GET parts 0 layer)
  list(GET parts 1 function)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/embedded/${function}.cpp)
  list(TRANSFORM EMBED_FILES PREPEND ${EMBED_FOLDER}/ OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -D made=${made} -D layer=${layer} -D function=${function} -D folder=${EMBED_FOLDER}
            -D "files=${EMBED_FILES}" -D check=${EMBED_CHECK} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${paths} ${EMBED_CHECK} ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
    COMMENT "Embedding the files of ${EMBED_FOLDER}"
    VERBATIM)
  target_sources(${target} PRIVATE ${made})
  set_source_files_properties(${made} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
