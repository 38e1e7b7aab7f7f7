// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/probe_guard.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kmodtest::vm {
namespace {

// The guard keeps its two descriptors here and closes all higher ones.
constexpr int kController = 3;
constexpr int kLauncher = 4;

/// Source: pidfd_open(2). exec closes the descriptor.
int open_process(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// QEMU locks its pidfile for as long as it lives. So the holder of the lock is never a stranger, unlike a number in a
/// file.
pid_t holder_of(const char *pidfile) {
  const int file = ::open(pidfile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool asked = file >= 0 && ::fcntl(file, F_GETLK, &lock) == 0;
  ::close(file);
  return asked && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

void close_inherited_files(int controller, int launcher) {
  // Opened one after the other, so that `launcher` is above `controller` and is not overwritten here.
  ::dup2(controller, kController);
  ::dup2(launcher, kLauncher);
  ::syscall(SYS_close_range, kLauncher + 1, ~0u, 0);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard = 0; standard < kController; ++standard) ::dup2(null, standard);
  ::close(null);
  ::setsid();
  if (::chdir("/") != 0) return;  // if it fails, it only keeps a file system busy for a moment
}

[[noreturn]] void be_the_guard(const char *pidfile) {
  // The launcher ends when the daemon has started, written its pidfile and locked it, or when it has failed.
  pollfd launcher{kLauncher, POLLIN, 0};
  ::poll(&launcher, 1, -1);
  const pid_t daemon = holder_of(pidfile);
  if (daemon <= 0) ::_exit(0);
  const int process = open_process(daemon);
  // The process is still the same one, now that the descriptor refers to it.
  if (process < 0 || holder_of(pidfile) != daemon) ::_exit(0);
  pollfd ends[] = {{process, POLLIN, 0}, {kController, POLLIN, 0}};
  ::poll(ends, 2, -1);
  if (ends[0].revents == 0) ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
  ::_exit(0);
}

}  // namespace

pid_t controller_in(const char *path) {
  pid_t found = 0;
  for (const char *name = path; *name != '\0'; ++name) {
    if (name != path && name[-1] != '/') continue;
    if (*name < '1' || *name > '9') continue;
    char *end = nullptr;
    const long pid = std::strtol(name, &end, 10);
    if (*end != '-') continue;
    const char *start = end + 1;
    std::strtoull(start, &end, 16);
    // The last match counts: the root is below the user's folder.
    if (end != start && *end == '/') found = static_cast<pid_t>(pid);
  }
  return found;
}

bool guard_daemon(pid_t controller, const char *pidfile) {
  const int controllers = open_process(controller);
  // Checked only now: while it is still our parent, its number is not reused, and the descriptor is its own.
  if (::getppid() != controller) return false;
  const int ours = open_process(::getpid());
  if (controllers >= 0 && ours >= 0 && ::fork() == 0) {
    ::prctl(PR_SET_NAME, "kmodtest-qemu");  // a copy of the wrapper has another name
    close_inherited_files(controllers, ours);
    be_the_guard(pidfile);
  }
  ::close(controllers);
  ::close(ours);
  return true;
}

}  // namespace kmodtest::vm
