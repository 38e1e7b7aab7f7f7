// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "base/error_code.hpp"
#include "vm/accelerator.hpp"

/// `kmodtest doctor` checks what this machine has and lacks. Looking and judging are separate, so that tests can invent
/// a machine.
namespace kmodtest::cli {

/// The result of a look: a value, or a problem with the message of the error that a run would end with.
struct Look {
  std::string value = {};
  std::string problem = {}, hint = {};
  base::Code code = base::Code::none;  ///< of the problem
  bool ok() const { return problem.empty(); }
};

struct KernelSeen {
  std::string name;
  bool is_default = false;
  std::string cached_release = {};  ///< empty: not in the cache
  bool has_mirror = false;          ///< apt knows a mirror that can have it
};

struct Machine {
  Look parts;                           ///< the folder with the parts of kmodtest
  Look qemu;                            ///< "10.0.2 (Debian …)"
  Look libvirt;                         ///< "qemu:///embed (libvirt 11.3.0)"
  std::string slow_restores;            ///< why all of a guest's memory is restored for each case; empty: it is not
  bool needs_backports = false;         ///< it is Debian 12, whose own QEMU and libvirt are too old
  std::string user;                     ///< the user that kmodtest runs as
  std::string qemu_user;                ///< the user that QEMU runs as, if another one
  std::error_code kvm_device;           ///< the error of opening /dev/kvm
  bool has_cpu_virtualisation = false;  ///< vmx or svm among the flags of /proc/cpuinfo
  std::optional<vm::KvmAnswer> kvm;     ///< the result of a trial guest; nothing when none was booted
  std::string kvm_not_probed;           ///< the reason
  Look busybox;                         ///< its path
  std::set<std::string> programs;       ///< those of `asked_programs()` that exist
  Look catalogue;                       ///< its file
  std::vector<KernelSeen> kernels;
  std::string compiler = "gcc";             ///< the one that the default kernel's headers require
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

/// Lists the programs that are looked for in PATH.
const std::vector<std::string> &asked_programs();

/// Looks at this machine. Boots a trial guest under KVM when the cache has the default kernel but no earlier answer;
/// that takes some seconds, and the answer is kept in the cache. Does not throw for missing things.
Machine look_at_this_machine();

enum class Mark { ok, warn, fail };
/// Returns "ok", "warn" or "fail".
const char *mark_name(Mark mark);

struct Check {
  Mark mark = Mark::ok;
  std::string topic;        ///< "QEMU"
  std::string words;        ///< what was found
  std::string remedy = {};  ///< a command or a sentence; empty when the mark is ok
};

std::vector<Check> examine(const Machine &machine);

/// Renders a line for each check, its remedy below it, and a summary. `colours` applies to the marks.
std::string render_checks(const std::vector<Check> &checks, bool colours);
std::string checks_json(const std::vector<Check> &checks);

}  // namespace kmodtest::cli
