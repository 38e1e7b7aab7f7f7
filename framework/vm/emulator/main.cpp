// SPDX-License-Identifier: GPL-2.0-or-later

/// kmodtest-qemu: libvirt starts this as the emulator of our guests. It asks the kernel to be killed when the
/// controller ends, however that ends, and becomes QEMU. libvirt's probe of the emulator's abilities passes through as
/// it is.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int, char **argv) {
  if (const char *controller = std::getenv("KMODTEST_CONTROLLER")) {
    // Our parent is the controller, since it is the subreaper of what libvirt daemonizes. Source: prctl(2): the request
    // survives execve of a program without set-user-ID.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return 126;
    // The controller may have died before the request was made; then nobody would ever send the signal.
    if (getppid() != std::atoi(controller)) {
      std::fputs("kmodtest-qemu: the controller is gone\n", stderr);
      return 126;
    }
    unsetenv("KMODTEST_CONTROLLER");
  }
  static char qemu[] = KMODTEST_QEMU;
  argv[0] = qemu;
  execv(qemu, argv);
  std::perror(qemu);
  return 127;
}
