// SPDX-License-Identifier: GPL-2.0-or-later
#include "kept_mounts.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/syscall.h>
#include <unistd.h>

namespace kmodtest::guest {
namespace {

struct KeptMount {
  const char *path;
  int fd;
};

// Those within others first.
KeptMount kept_mounts[] = {
    {"/sys/kernel/tracing", -1}, {"/sys/kernel/debug", -1}, {"/proc", -1}, {"/sys", -1}, {"/dev", -1},
};

/// Returns a mount of our own of the same file system (open_tree(2), since Linux 5.2): nobody can mount anything on it.
/// Without that, a descriptor of the folder, which shows what is mounted on folders in it.
int keep(const char *path) {
  constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
  const long mount = ::syscall(SYS_open_tree, AT_FDCWD, path, kClone | O_CLOEXEC);
  return mount >= 0 ? static_cast<int>(mount) : ::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace

void keep_mounts() {
  for (KeptMount &mount : kept_mounts) mount.fd = keep(mount.path);
}

int open_kept(const char *path, int flags) {
  for (const KeptMount &mount : kept_mounts) {
    const std::size_t size = std::strlen(mount.path);
    if (mount.fd < 0 || std::strncmp(path, mount.path, size) != 0) continue;
    if (path[size] == '/') return ::openat(mount.fd, path + size + 1, flags | O_CLOEXEC);
    if (path[size] == '\0') return ::openat(mount.fd, ".", flags | O_CLOEXEC);
  }
  return ::open(path, flags | O_CLOEXEC);
}

bool is_kept(int fd) {
  return std::any_of(std::begin(kept_mounts), std::end(kept_mounts),
                     [fd](const KeptMount &mount) { return mount.fd == fd; });
}

}  // namespace kmodtest::guest
