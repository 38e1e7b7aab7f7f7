// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string>

#include "base/guest_limits.hpp"
#include "run/guests/machine_choice.hpp"
#include "run/prepare/prepare.hpp"

namespace kmodtest::run {
namespace {

void add_word(const std::string &word, std::string &append) {
  append += (append.empty() ? "" : " ") + word;
}

/// Adds a parameter of the kernel's command line, unless the plan has it.
void add_parameter(const std::string &name, const std::string &value, std::string &append) {
  if (append.find(name + "=") == std::string::npos) add_word(name + "=" + value, append);
}

/// Gives the guest what a kernel that checks itself needs for its own records: memory for the shadow of all memory and
/// for freed memory that is kept, and room for a log that is read more slowly. And more time: it computes several times
/// as long, which its detectors of stalls must not take for a loop without an end.
void make_room_for_checks(vm::GuestSpec &spec) {
  constexpr int kSlower = 3;
  const int watchdog = kSlower * vm::watchdog_seconds(spec.cpus);  // the kernel allows 60
  if (spec.memory_mib <= base::kMostGuestMemoryMib / 2) {
    spec.memory_mib *= 2;
    for (auto &cell : spec.numa) cell.memory_mib *= 2;
  }
  add_parameter("log_buf_len", "4M", spec.append);
  add_parameter("sysctl.kernel.watchdog_thresh", std::to_string(std::min(watchdog, 60)), spec.append);
  add_parameter("rcupdate.rcu_cpu_stall_timeout", std::to_string(vm::rcu_stall_seconds(watchdog)), spec.append);
}

}  // namespace

vm::GuestSpec guest_spec(const plan::GuestShape &shape, const kernel::Kernel &kernel, const BootFiles &files) {
  vm::GuestSpec spec;
  spec.kernel_image = files.image;
  spec.initramfs = files.initramfs;
  spec.kernel_digest = kernel.digest;
  spec.initramfs_digest = files.initramfs.filename().string();  // the cache names it by its content
  spec.append = shape.append;
  spec.cpus = shape.cpus;
  spec.sockets = shape.sockets;
  spec.cores = shape.cores;
  spec.threads = shape.threads;
  spec.memory_mib = shape.memory_mib;
  for (const auto &cell : shape.numa) spec.numa.push_back({cell.cpus, cell.memory_mib});
  spec.devices = shape.devices;
  spec.channel = channel_of(shape);
  if (files.checks_itself) make_room_for_checks(spec);
  // A bzImage could move itself: to where modules are expected (shared::kModuleArea), and elsewhere in each boot.
  if (files.image == kernel.image) add_word("nokaslr", spec.append);
  return spec;
}

}  // namespace kmodtest::run
