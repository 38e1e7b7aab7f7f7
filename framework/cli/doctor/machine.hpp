// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vm/accelerator.hpp"

/// `kmodtest doctor`: what this machine has and lacks. Looking and judging are apart, so that tests can make up a
/// machine.
namespace kmodtest::cli {

/// What a look gave: a value, or what was wrong with it, in the words that a run would end with.
struct Look {
  std::string value;
  std::string problem, hint;
  bool ok() const { return problem.empty(); }
};

struct KernelSeen {
  std::string name;
  bool is_default = false;
  std::string cached_release;  ///< empty: not in the cache
  bool has_mirror = false;     ///< apt knows a mirror that may have it
};

struct Machine {
  Look parts;                           ///< of kmodtest: the folder that has them
  Look qemu;                            ///< "10.0.2 (Debian …)"
  Look libvirt;                         ///< "qemu:///embed (libvirt 11.3.0)"
  std::string user;                     ///< ours
  std::string qemu_user;                ///< whom QEMU runs as, where that is somebody else
  std::string kvm_device_problem;       ///< "/dev/kvm: Permission denied"; empty: it opens
  bool has_cpu_virtualisation = false;  ///< vmx or svm among the flags of /proc/cpuinfo
  std::optional<vm::KvmAnswer> kvm;     ///< of a guest that was booted under it; nothing: none was
  std::string kvm_not_probed;           ///< why not
  Look busybox;                         ///< its path
  std::set<std::string> programs;       ///< of `asked_programs()`, those that are there
  Look catalogue;                       ///< its file
  std::vector<KernelSeen> kernels;
  std::string compiler = "gcc";             ///< that the default kernel's headers ask for
  Look cache;                               ///< its folder
  std::optional<std::uint64_t> cache_free;  ///< bytes
  std::uint64_t cache_used = 0;             ///< by snapshots, bytes
  Look cache_limit;                         ///< "8 GiB"
  std::uint64_t cache_limit_bytes = 0;
  Look runtime;                               ///< its folder
  std::optional<std::uint64_t> runtime_free;  ///< bytes
  std::optional<std::uint64_t> memory_mib;    ///< available
  int cores = 1;
};

/// The programs that are looked for in PATH.
const std::vector<std::string> &asked_programs();

/// Looks at the machine we run on. Boots a guest under KVM where nobody has yet and the default kernel is in the cache;
/// that takes some seconds, and the answer is kept in the cache. Throws nothing for what is missing.
Machine look_at_this_machine();

enum class Mark { ok, warn, fail };
/// "ok", "warn", "fail".
const char *mark_name(Mark mark);

struct Check {
  Mark mark = Mark::ok;
  std::string topic;  ///< "QEMU"
  std::string words;  ///< what was found
  std::string mend;   ///< a command or a sentence; there unless the mark is ok
};

std::vector<Check> examine(const Machine &machine);

/// A line each, the remedy below it, and a summary. `colours`: of the marks.
std::string render_checks(const std::vector<Check> &checks, bool colours);
std::string checks_json(const std::vector<Check> &checks);

}  // namespace kmodtest::cli
