# What `cmake --install` puts where. Everything is found relative to bin/kmodtest, so that PREFIX can be chosen at the
# time of installing:
#
#   bin/kmodtest
#   libexec/kmodtest/kmodtest-qemu         the wrapper that ties QEMU's life to kmodtest's (framework/vm installs it)
#   libexec/kmodtest/libkmodtest-turns.so  what that QEMU is loaded with under virtual time
#   libexec/kmodtest/kmodtest-agent     the first process of a guest
#   share/kmodtest/                     kernels.yaml, kmodtest.schema.json and the schemas of reports
#   share/doc/kmodtest/                 licence and documents
#   lib/libkmodtest.so.*                guests for tests in C++ (library/ installs it), and what these are built with:
#   include/kmodtest/, lib/cmake/kmodtest/
if(TARGET kmodtest)
  install(TARGETS kmodtest RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET kmodtest-agent)
  install(TARGETS kmodtest-agent RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/kmodtest)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/images/kernels.yaml ${PROJECT_SOURCE_DIR}/testplans/kmodtest.schema.json
              ${PROJECT_SOURCE_DIR}/framework/report/schemas/kmodtest-events.schema.json
              ${PROJECT_SOURCE_DIR}/framework/report/schemas/kmodtest-reports.schema.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/kmodtest OPTIONAL)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md"
        PATTERN "*.png")
install(FILES ${PROJECT_SOURCE_DIR}/testplans/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        RENAME plan-reference.md OPTIONAL)
