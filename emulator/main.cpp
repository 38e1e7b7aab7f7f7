// SPDX-License-Identifier: GPL-2.0-or-later

/// kmodtest-qemu: the emulator that libvirt starts for a guest. It asks the kernel to kill it when the controller ends,
/// however that ends. Then it becomes QEMU, which reads its images by io_uring if the host allows that. libvirt's probe
/// of the emulator's abilities is a QEMU that daemonizes itself; it gets a guard process instead.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/io_uring.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emulator/probe_guard.hpp"
#include "text/replace.hpp"

namespace {

constexpr unsigned kRingEntries = 128;  // as many as QEMU asks for

/// Returns the argument after `name`; nullptr if there is none.
const char *value_of(char **argv, const char *name) {
  for (char **argument = argv; *argument != nullptr; ++argument) {
    if (std::strcmp(*argument, name) == 0) return argument[1];
  }
  return nullptr;
}

bool has(char **argv, const char *word) {
  for (char **argument = argv; *argument != nullptr; ++argument) {
    if (std::strcmp(*argument, word) == 0) return true;
  }
  return false;
}

/// Returns whether the permission bits alone allow opening /dev/kvm: libvirt's probe can override them, a guest cannot.
bool may_open_kvm() {
  struct stat kvm {};
  if (stat("/dev/kvm", &kvm) != 0) return false;
  if (geteuid() == 0 || (kvm.st_mode & 06) == 06) return true;
  if (kvm.st_uid == geteuid()) return (kvm.st_mode & 0600) == 0600;
  std::array<gid_t, 64> groups{};
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  bool member = kvm.st_gid == getegid();
  for (int i = 0; i < count; ++i) member = member || kvm.st_gid == groups[static_cast<std::size_t>(i)];
  return member && (kvm.st_mode & 060) == 060;
}

/// Makes a probe below a controller's root end with that controller. Returns false if the controller is already gone.
bool tie_probe(char **argv) {
  const char *pidfile = value_of(argv, "-pidfile");
  if (!has(argv, "-daemonize") || pidfile == nullptr) return true;
  const pid_t controller = kmodtest::vm::controller_in(pidfile);
  return controller == 0 || kmodtest::vm::guard_daemon(controller, pidfile);
}

/// Reports that the controller died before this process could tie itself to it. Nothing would ever end the guest.
int controller_is_gone() {
  std::fputs("kmodtest-qemu: the controller is gone\n", stderr);
  return 126;
}

/// Returns whether this kernel permits io_uring: it can be switched off (kernel.io_uring_disabled), and many containers
/// forbid it.
bool has_io_uring() {
  io_uring_params parameters{};
  const long ring = syscall(SYS_io_uring_setup, kRingEntries, &parameters);
  if (ring < 0) return false;
  close(static_cast<int>(ring));
  return true;
}

/// Returns `option` with io_uring in place of threads for reading files. A snapshot is read in pieces of 32 KiB, which
/// are in the host's cache. With threads, each piece waits until another thread gets a processor. The text is never
/// freed: QEMU replaces this process.
char *with_io_uring(const char *option) {
  auto &text = *new std::string(kmodtest::text::replaced(option, ".aio=threads", ".aio=io_uring"));
  return text.data();
}

}  // namespace

int main(int, char **argv) {
  if (const char *controller = std::getenv("KMODTEST_CONTROLLER")) {
    // The parent is the controller, because it is the subreaper of the processes that libvirt daemonizes. Source:
    // prctl(2): the request survives execve of a program without set-user-ID.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return 126;
    if (getppid() != std::atoi(controller)) return controller_is_gone();
    unsetenv("KMODTEST_CONTROLLER");
  } else if (!tie_probe(argv)) {
    return controller_is_gone();
  }
  // If a probe finds KVM although no guest could open it, libvirt distrusts the result and probes again, ten times for
  // each guest.
  static char without_kvm[] = "none,accel=tcg";
  for (char **argument = argv; *argument != nullptr; ++argument) {
    if (std::strcmp(*argument, "none,accel=kvm:tcg") == 0 && !may_open_kvm()) *argument = without_kvm;
  }
  for (char **argument = argv; *argument != nullptr && argument[1] != nullptr; ++argument) {
    const bool image = std::strcmp(*argument, "-blockdev") == 0 || std::strcmp(*argument, "-drive") == 0;
    if (image && has_io_uring()) argument[1] = with_io_uring(argument[1]);
  }
  static char qemu[] = KMODTEST_QEMU;
  argv[0] = qemu;
  execv(qemu, argv);
  std::perror(qemu);
  return 127;
}
