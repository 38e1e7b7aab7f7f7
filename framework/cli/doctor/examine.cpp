// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "cli/cache_contents.hpp"
#include "cli/doctor/machine.hpp"
#include "run/select/schedule.hpp"
#include "text/number.hpp"
#include "text/size.hpp"

namespace kmodtest::cli {

namespace {

constexpr std::uint64_t kMiB = 1u << 20;
// Measured on Debian's cloud kernels: a kernel with its headers, unpacked, takes about 400 MiB, a snapshot about 70.
constexpr std::uint64_t kForAKernel = 600 * kMiB;
constexpr std::uint64_t kForSnapshots = 300 * kMiB;
// For each running guest: a copy of its state, and 32 MiB of shared memory.
constexpr std::uint64_t kForAGuest = 200 * kMiB;
constexpr std::uint32_t kGuestMib = 256;  // plan::GuestShape

std::string install(const std::string &packages) {
  return "sudo apt-get install " + packages;
}

Check fine(std::string topic, std::string words) {
  return {.mark = Mark::ok, .topic = std::move(topic), .words = std::move(words)};
}

Check warning(std::string topic, std::string words, std::string remedy) {
  return {.mark = Mark::warn, .topic = std::move(topic), .words = std::move(words), .remedy = std::move(remedy)};
}

Check failed(std::string topic, std::string words, std::string remedy) {
  return {.mark = Mark::fail, .topic = std::move(topic), .words = std::move(words), .remedy = std::move(remedy)};
}

/// Reports the problem, with the hint of the error that a run would end with.
Check failed(std::string topic, const Look &look, std::string remedy = {}) {
  return failed(std::move(topic), look.problem, remedy.empty() ? look.hint : std::move(remedy));
}

bool has(const Machine &machine, const char *program) {
  return machine.programs.count(program) > 0;
}

/// Converts "8.1.2 (Debian …)" to 801; 0 when the text is not a version.
int version_number(const std::string &text) {
  std::string_view rest = text;
  const auto major = text::take_number<int>(rest);
  if (!major || !rest.starts_with('.')) return 0;
  return *major * 100 + text::leading_number<int>(rest.substr(1)).value_or(0);
}

Check qemu(const Machine &machine) {
  constexpr int kOldest = 801;
  const std::string packages =
      std::string(machine.needs_backports ? "-t bookworm-backports " : "") + "qemu-system-x86 qemu-utils";
  if (!machine.qemu.ok()) return failed("QEMU", machine.qemu, install(packages));
  if (version_number(machine.qemu.value) < kOldest)
    return failed("QEMU", fmt::format("{} is too old: 8.1 or later is needed", machine.qemu.value), install(packages));
  if (!has(machine, "qemu-img"))
    return failed("QEMU", "qemu-img, which creates the images of snapshots, is missing", install("qemu-utils"));
  return fine("QEMU", machine.qemu.value);
}

Check libvirt(const Machine &machine) {
  if (machine.libvirt.ok()) return fine("libvirt", machine.libvirt.value);
  const bool driver = machine.libvirt.code == base::Code::no_libvirt_driver;
  return failed("libvirt", machine.libvirt, driver ? install("libvirt-daemon-driver-qemu") : "");
}

Check restores(const Machine &machine) {
  if (machine.slow_restores.empty()) return {Mark::ok, "restore", "only the pages that a case wrote", {}};
  return {
      Mark::warn, "restore", fmt::format("all of a guest's memory for each case: {}", machine.slow_restores),
      "Debian's QEMU 10.0 makes short cases about twice as fast, and lets kmodtest find pointers to unloaded modules"};
}

Check user(const Machine &machine) {
  if (machine.qemu_user.empty()) return fine("user", fmt::format("kmodtest and QEMU run as {}", machine.user));
  return fine("user", fmt::format("kmodtest runs as {}, QEMU as {}", machine.user, machine.qemu_user));
}

Check kvm(const Machine &machine) {
  const std::string emulated = "; guests are emulated, which slows down computations";
  const std::string &who = machine.qemu_user.empty() ? machine.user : machine.qemu_user;
  const std::string join =
      fmt::format("sudo adduser {} kvm{}", who, machine.qemu_user.empty() ? "   (then log in again)" : "");
  if (machine.kvm_device) {
    const bool denied = machine.kvm_device == std::errc::permission_denied;
    std::string remedy = "enable virtualisation in the firmware; for a virtual machine, on its host (nested)";
    if (denied) remedy = join;
    if (!denied && machine.has_cpu_virtualisation) remedy = "sudo modprobe -a kvm_intel kvm_amd";
    return warning("KVM", vm::kvm_device_words(machine.kvm_device) + emulated, remedy);
  }
  if (!machine.kvm)
    return warning("KVM", "/dev/kvm opens, but KVM was not tried: " + machine.kvm_not_probed,
                   "kmodtest kernels fetch && kmodtest doctor");
  if (machine.kvm->works()) return fine("KVM", "a trial guest boots under it");
  const bool for_the_user = machine.kvm->result == vm::KvmAnswer::Result::denied;
  return warning("KVM", machine.kvm->reason() + emulated,
                 for_the_user
                     ? join
                     : "enable nested virtualisation on the host of this machine; until then guests are emulated, as "
                       "with --no-kvm");
}

Check building(const Machine &machine) {
  std::vector<std::string> missing;
  for (const std::string &program : {std::string("make"), machine.compiler}) {
    if (!has(machine, program.c_str())) missing.push_back(program);
  }
  if (missing.empty())
    return fine("building", fmt::format("make and {}; headers come with the kernels", machine.compiler));
  return warning("building",
                 fmt::format("{} {} missing: only compiled modules (.ko) can be tested", fmt::join(missing, " "),
                             missing.size() == 1 ? "is" : "are"),
                 install(fmt::format("{}", fmt::join(missing, " "))));
}

std::vector<Check> kernels(const Machine &machine) {
  if (!machine.catalogue.ok()) return {failed("kernels", machine.catalogue)};
  std::string lacking, packages;
  for (const auto &[program, package] :
       {std::pair("apt-get", "apt"), std::pair("dpkg-deb", "dpkg"), std::pair("depmod", "kmod")}) {
    if (has(machine, program)) continue;
    lacking += (lacking.empty() ? "" : ", ") + std::string(program);
    packages += (packages.empty() ? "" : " ") + std::string(package);
  }
  std::vector<Check> checks;
  for (const KernelSeen &kernel : machine.kernels) {
    const std::string name = kernel.name + (kernel.is_default ? " (default)" : "");
    const Mark bad = kernel.is_default ? Mark::fail : Mark::warn;
    if (!kernel.cached_release.empty()) {
      checks.push_back(fine("kernel", fmt::format("{}: {} is in the cache", name, kernel.cached_release)));
    } else if (!lacking.empty()) {
      checks.push_back({.mark = bad,
                        .topic = "kernel",
                        .words = fmt::format("{}: cannot be fetched without {}", name, lacking),
                        .remedy = install(packages)});
    } else if (!kernel.has_mirror) {
      checks.push_back({.mark = bad,
                        .topic = "kernel",
                        .words = fmt::format("{}: apt's configuration names no Debian mirror to fetch it from", name),
                        .remedy = "set KMODTEST_MIRROR to the address of a Debian mirror, or add one to "
                                  "/etc/apt/sources.list.d, then sudo apt-get update"});
    } else {
      checks.push_back(
          fine("kernel", fmt::format("{}: is fetched when needed (kmodtest kernels fetch {})", name, kernel.name)));
    }
  }
  return checks;
}

Check cache(const Machine &machine) {
  if (!machine.cache.ok())
    return failed("cache", machine.cache, "export KMODTEST_CACHE=/var/tmp/kmodtest   (a folder that you can write to)");
  if (!machine.cache_limit.ok())
    return failed("cache", machine.cache_limit, "unset KMODTEST_CACHE_LIMIT   (or a size such as 4G)");
  const bool kernel_there = std::any_of(machine.kernels.begin(), machine.kernels.end(),
                                        [](const KernelSeen &kernel) { return !kernel.cached_release.empty(); });
  const std::uint64_t needed = kForSnapshots + (kernel_there ? 0 : kForAKernel);
  std::string words = machine.cache.value;
  if (machine.cache_free) words += fmt::format(", {} free", text::human_size(*machine.cache_free));
  words += fmt::format("; snapshots take {} of at most {}", text::human_size(machine.cache_used),
                       text::human_size(machine.cache_limit_bytes));
  if (machine.cache_free && *machine.cache_free < needed) {
    return {.mark = kernel_there ? Mark::warn : Mark::fail,
            .topic = "cache",
            .words = fmt::format("{}: {} are needed", words, text::human_size(needed)),
            .remedy = "kmodtest cache prune --limit 1G   (or KMODTEST_CACHE=FOLDER on another disk)"};
  }
  return fine("cache", words);
}

Check runtime(const Machine &machine) {
  if (!machine.runtime.ok())
    return failed("running", machine.runtime, "export KMODTEST_RUNTIME=/tmp/my-kmodtest   (a short path of your own)");
  std::string words = machine.runtime.value;
  if (machine.runtime_free) words += fmt::format(", {} free", text::human_size(*machine.runtime_free));
  if (machine.runtime_free && *machine.runtime_free < kForAGuest) {
    return failed("running", fmt::format("{}: a running guest needs {}", words, text::human_size(kForAGuest)),
                  "export KMODTEST_RUNTIME=/var/tmp/kmt   (a short path on a disk with room)");
  }
  return fine("running", words);
}

Check memory(const Machine &machine) {
  const int jobs = run::default_workers({machine.cores, machine.memory_mib, kGuestMib});
  const std::string words = fmt::format("{} available, {} cores: {} at once by default",
                                        machine.memory_mib ? text::human_size(*machine.memory_mib * kMiB) : "unknown",
                                        machine.cores, jobs == 1 ? "1 guest" : fmt::format("{} guests", jobs));
  // QEMU itself and the page cache of its image need memory in addition to the guest's.
  constexpr std::uint64_t kLeast = kGuestMib + 150;
  if (machine.memory_mib && *machine.memory_mib < kLeast)
    return failed("memory", fmt::format("{}; a guest takes {}", words, text::human_size(kLeast * kMiB)),
                  "end other programs, or give guests less: --memory 128M");
  if (jobs < machine.cores) return warning("memory", words, "end other programs; -j N runs more at once anyway");
  return fine("memory", words);
}

Check optional(const Machine &machine, const char *program, const char *purpose) {
  if (has(machine, program)) return fine(program, purpose);
  return warning(program, fmt::format("missing; {}", purpose), install(program));
}

}  // namespace

const std::vector<std::string> &asked_programs() {
  static const std::vector<std::string> names = {"qemu-img", "make", "apt-get", "dpkg-deb", "depmod", "gdb", "crash"};
  return names;
}

const char *mark_name(Mark mark) {
  switch (mark) {
    case Mark::ok:
      return "ok";
    case Mark::warn:
      return "warn";
    case Mark::fail:
      break;
  }
  return "fail";
}

std::vector<Check> examine(const Machine &machine) {
  std::vector<Check> checks;
  checks.push_back(machine.parts.ok() ? fine("kmodtest", machine.parts.value) : failed("kmodtest", machine.parts));
  checks.push_back(qemu(machine));
  checks.push_back(libvirt(machine));
  if (machine.libvirt.ok()) checks.push_back(restores(machine));
  checks.push_back(user(machine));
  checks.push_back(kvm(machine));
  checks.push_back(machine.busybox.ok() ? fine("busybox", machine.busybox.value)
                                        : failed("busybox", machine.busybox, install("busybox-static")));
  checks.push_back(building(machine));
  for (Check &check : kernels(machine)) checks.push_back(std::move(check));
  checks.push_back(cache(machine));
  checks.push_back(runtime(machine));
  checks.push_back(memory(machine));
  checks.push_back(optional(machine, "gdb", "only run --gdb=attach needs it"));
  checks.push_back(optional(machine, "crash", "reads the dumps of run --vmcore"));
  return checks;
}

}  // namespace kmodtest::cli
