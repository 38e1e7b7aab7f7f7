# What `cmake --install` puts where. Everything is found relative to bin/kmodtest, so that PREFIX can be chosen at the
# time of installing:
#
#   bin/kmodtest
#   libexec/kmodtest/kmodtest-qemu      the wrapper that ties QEMU's life to kmodtest's
#   share/kmodtest/                     kernels.yaml, kmodtest-agent, kmodtest.schema.json
#   share/doc/kmodtest/                 licence and documents
if(TARGET kmodtest)
  install(TARGETS kmodtest RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET kmodtest-qemu)
  install(TARGETS kmodtest-qemu RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/kmodtest)
endif()
if(TARGET kmodtest-agent)
  install(TARGETS kmodtest-agent RUNTIME DESTINATION ${CMAKE_INSTALL_DATADIR}/kmodtest)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/images/kernels.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/kmodtest OPTIONAL)

# The schema comes from the table that the parser uses, so the installed binary writes it.
install(CODE "
  set(binary \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/kmodtest\")
  execute_process(COMMAND \"\${binary}\" schema OUTPUT_FILE \"${PROJECT_BINARY_DIR}/kmodtest.schema.json\"
                  RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR \"'\${binary} schema' failed: \${result}\")
  endif()
  file(INSTALL \"${PROJECT_BINARY_DIR}/kmodtest.schema.json\"
       DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/kmodtest\")
")

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES ${PROJECT_SOURCE_DIR}/testplans/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        RENAME plan-reference.md OPTIONAL)
