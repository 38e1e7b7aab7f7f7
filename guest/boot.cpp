// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "system.hpp"

namespace kmodtest::guest {
namespace {

void mount_at(const char *type, const char *target, unsigned long flags, const char *options) {
  ::mkdir(target, 0755);
  // EBUSY: the kernel has mounted it already (CONFIG_DEVTMPFS_MOUNT). ENODEV: the kernel does not have it.
  if (::mount(type, target, type, flags, options) != 0 && errno != EBUSY && errno != ENODEV)
    complain(describe_error(std::string("cannot mount ") + target, errno));
}

/// Keeps the guest from being suspended: neither its clock nor anything else could wake it. With pm_test the kernel
/// wakes without that.
void forbid_suspend() {
  constexpr char kState[] = "/sys/power/state";
  if (::access("/sys/power/pm_test", F_OK) == 0 || ::mount(kState, kState, nullptr, MS_BIND, nullptr) != 0) return;
  if (::mount(nullptr, kState, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
    complain(describe_error(std::string("cannot protect ") + kState, errno));
}

}  // namespace

void mount_file_systems() {
  constexpr unsigned long kHarmless = MS_NOSUID | MS_NOEXEC;
  mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
  mount_at("proc", "/proc", kHarmless | MS_NODEV, nullptr);
  mount_at("sysfs", "/sys", kHarmless | MS_NODEV, nullptr);
  mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
  forbid_suspend();
  mount_at("debugfs", "/sys/kernel/debug", kHarmless | MS_NODEV, nullptr);
  mount_at("tracefs", "/sys/kernel/tracing", kHarmless | MS_NODEV, nullptr);
  // Without /dev/console in the initramfs the kernel starts us with no descriptors at all; a later open() must not
  // become the standard output of a program.
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0 && fd <= STDERR_FILENO;) fd = ::open("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    const base::Descriptor null(::open("/dev/null", O_RDWR));
    if (null) ::dup2(null.get(), fd);
  }
}

void load_modules(const char *list) {
  const std::string order = read_file(list).content;
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t end = std::min(order.find('\n', begin), order.size());
    const std::string path = order.substr(begin, end - begin);
    begin = end + 1;
    if (path.empty()) continue;
    const int error = load_module(path, "");
    if (error != 0 && error != EEXIST) complain(describe_error("cannot load " + path, error));
  }
}

std::string command_line_value(const std::string &name, const std::string &otherwise) {
  const std::string line = ' ' + read_line("/proc/cmdline") + ' ';
  const std::string key = ' ' + name + '=';
  const std::size_t found = line.rfind(key);  // as with the kernel's own parameters, the last one counts
  if (found == std::string::npos) return otherwise;
  const std::size_t begin = found + key.size();
  return line.substr(begin, line.find(' ', begin) - begin);
}

int load_module(const std::string &path, const std::string &params) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::syscall(SYS_finit_module, file.get(), params.c_str(), 0) == 0 ? 0 : errno;
}

int unload_module(const std::string &name, bool force) {
  const int flags = O_NONBLOCK | (force ? O_TRUNC : 0);
  return ::syscall(SYS_delete_module, name.c_str(), flags) == 0 ? 0 : errno;
}

}  // namespace kmodtest::guest
