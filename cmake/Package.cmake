# `make package`: Debian packages by CPack. kmodtest contains the tool and libkmodtest.so, kmodtest-dev the files for
# building tests in C++.
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL kmodtest kmodtest-dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_PACKAGE_NAME kmodtest)
set(CPACK_PACKAGE_VENDOR kmodtest)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The kmodtest contributors <kmodtest@localhost>" CACHE STRING
    "Maintainer of the Debian packages: NAME <ADDRESS>")
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_DEBIAN_KMODTEST_PACKAGE_NAME kmodtest)
set(CPACK_COMPONENT_KMODTEST_DESCRIPTION
"It boots a minimal Linux guest in QEMU, loads a kernel module into it, checks
the kernel log, threads, modules and files as a short plan in YAML or a test in
C++ says, unloads it, and reports exactly what went wrong: a crash, a hang, a
leak, a missing log line. It needs neither root nor a disk image. On Debian 12,
QEMU and libvirt have to come from bookworm-backports.")
# dpkg-shlibdeps finds the linked libraries. The following are programs that kmodtest starts: QEMU by libvirt's embedded
# driver, make and gcc to build modules, apt-get and dpkg-deb to fetch the kernel that modules are built for.
set(CPACK_DEBIAN_KMODTEST_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_KMODTEST_PACKAGE_DEPENDS "apt, busybox-static, ca-certificates, gcc-12, kmod, \
libvirt-daemon-driver-qemu (>= 10), make, qemu-system-x86 (>= 1:8.1), qemu-utils (>= 1:8.1), xz-utils")
set(CPACK_DEBIAN_KMODTEST_PACKAGE_SUGGESTS "crash, gdb, kmodtest-dev (= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_KMODTEST-DEV_PACKAGE_NAME kmodtest-dev)
set(CPACK_DEBIAN_KMODTEST-DEV_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_KMODTEST-DEV_DESCRIPTION
"Headers and the CMake package of libkmodtest: a fixture for GoogleTest that
gives each test a pristine Linux guest, and matchers for the guest's output.")
set(CPACK_DEBIAN_KMODTEST-DEV_PACKAGE_DEPENDS "kmodtest (= ${PROJECT_VERSION}), libgmock-dev, libgtest-dev")

# The documents of each Debian package in /usr/share/doc.
find_program(GZIP gzip)
if(GZIP)
  set(changelog ${PROJECT_BINARY_DIR}/packaging/changelog.gz)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/packaging)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/debian/changelog.in ${PROJECT_BINARY_DIR}/packaging/changelog @ONLY)
  execute_process(COMMAND ${GZIP} -9 -n -c ${PROJECT_BINARY_DIR}/packaging/changelog OUTPUT_FILE ${changelog}
                  COMMAND_ERROR_IS_FATAL ANY)
  # These are the library's own dpkg files; CPack would call ldconfig from scripts.
  configure_file(${PROJECT_SOURCE_DIR}/packaging/debian/shlibs.in ${PROJECT_BINARY_DIR}/packaging/shlibs @ONLY)
  set(CPACK_DEBIAN_KMODTEST_PACKAGE_CONTROL_EXTRA
      ${PROJECT_BINARY_DIR}/packaging/shlibs ${PROJECT_SOURCE_DIR}/packaging/debian/triggers)
  foreach(package kmodtest kmodtest-dev)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/${package}.lintian-overrides
            DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${package} COMPONENT ${package})
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/copyright ${changelog}
            DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${package})
  endforeach()
endif()
include(CPack)
