# The installed files. Everything is found relative to bin/kmodtest, so that PREFIX can be chosen when installing:
#
#   bin/kmodtest
#   libexec/kmodtest/kmodtest-qemu         the wrapper that ties QEMU's life to kmodtest's (emulator/ installs it)
#   libexec/kmodtest/libkmodtest-gate.so   loaded into that QEMU under virtual time
#   libexec/kmodtest/kmodtest-agent     the first process of a guest
#   share/kmodtest/                     kernels.yaml, kmodtest.schema.json and the schemas of the outputs
#   share/doc/kmodtest/                 licence and documents, in the same folders as in the repository, so that links work
#   lib/libkmodtest.so.*                guests for tests in C++ (library/ installs it), and the files to build them:
#   include/kmodtest/, lib/cmake/kmodtest/
#   share/man/man1/                     a manual page for each command
#   share/bash-completion/completions/, share/zsh/vendor-completions/, share/fish/vendor_completions.d/
if(TARGET kmodtest)
  install(TARGETS kmodtest RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Manual pages are output of the program itself (target `manual`).
if(TARGET kmodtest AND NOT KMODTEST_SANITIZE)
  set(generated ${PROJECT_BINARY_DIR}/manual)
  set(pages ${generated}/kmodtest.1)
  find_program(GZIP gzip)
  if(GZIP)  # as in Debian packages
    set(pages ${generated}/kmodtest.1.gz)
    set(compress COMMAND sh -c "${GZIP} -9 -n ${generated}/*.1")
  endif()
  add_custom_command(
    OUTPUT ${pages}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${generated}
    COMMAND kmodtest man --output ${generated}
    ${compress}
    DEPENDS kmodtest COMMENT "Manual pages" VERBATIM)
  add_custom_target(manual ALL DEPENDS ${pages})
  install(DIRECTORY ${generated}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL FILES_MATCHING PATTERN "*.1*")
  # Completions ask the program, so these are files of the source tree.
  set(stubs ${PROJECT_SOURCE_DIR}/framework/cli/completions)
  install(FILES ${stubs}/kmodtest.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME kmodtest)
  install(FILES ${stubs}/kmodtest.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _kmodtest)
  install(FILES ${stubs}/kmodtest.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

if(TARGET kmodtest-agent)
  install(TARGETS kmodtest-agent RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/kmodtest)
endif()
file(GLOB configurations ${PROJECT_SOURCE_DIR}/images/*.config)
install(FILES ${PROJECT_SOURCE_DIR}/images/kernels.yaml ${configurations} ${PROJECT_SOURCE_DIR}/testplans/kmodtest.schema.json
              ${PROJECT_SOURCE_DIR}/framework/report/formats/schemas/kmodtest-events.schema.json
              ${PROJECT_SOURCE_DIR}/framework/report/formats/schemas/kmodtest-reports.schema.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/kmodtest OPTIONAL)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md"
        PATTERN "*.png")
install(FILES ${PROJECT_SOURCE_DIR}/testplans/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/testplans OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/benchmarks/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/benchmarks OPTIONAL)
