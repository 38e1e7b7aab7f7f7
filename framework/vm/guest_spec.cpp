// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "base/guest_devices.hpp"
#include "vm/guest.hpp"
#include "vm/topology.hpp"

namespace kmodtest::vm {
namespace {

/// FNV-1a of 64 bits, twice with different beginnings: names a spec in a cache, does not resist attacks. Source:
/// draft-eastlake-fnv (offset basis and prime for 64 bits).
class Digest {
 public:
  void add(std::string_view name, std::string_view value) {
    // The lengths distinguish ("ab", "c") from ("a", "bc").
    const std::string field = fmt::format("{}:{}={}:{};", name.size(), name, value.size(), value);
    for (const char c : field) {
      for (std::uint64_t &half : halves_) {
        half ^= static_cast<unsigned char>(c);
        half *= 0x100000001b3u;
      }
    }
  }
  void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  std::string hex() const { return fmt::format("{:016x}{:016x}", halves_[0], halves_[1]); }

 private:
  std::array<std::uint64_t, 2> halves_{0xcbf29ce484222325u, 0x9ae16a3b2f90404fu};
};

}  // namespace

bool has_memory_apart(const GuestSpec &spec) {
  return spec.clock == Clock::virtual_ && spec.channel == ChannelKind::memory && spec.accelerator == Accelerator::tcg;
}

std::vector<std::string> unsaved_devices(const GuestSpec &spec) {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < spec.devices.size(); ++i) {
    const base::GuestDevice *device = base::find_guest_device(spec.devices[i].name);
    if (device == nullptr || device->is_saved) continue;
    // What is connected to a controller is found again with it.
    const bool is_usb = device->bus == base::GuestDevice::Bus::usb;
    const std::string address =
        fmt::format("0000:00:{:02x}.0", is_usb ? base::kUsbSlot : base::kFirstDeviceSlot + static_cast<int>(i));
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

bool has_disks(const GuestSpec &spec) {
  return std::any_of(spec.devices.begin(), spec.devices.end(), base::is_disk);
}

bool has_fitted_turns(const GuestSpec &spec) {
  constexpr int kMostCpusOfEqualTurns = 8;
  return spec.clock == Clock::virtual_ && spec.cpus > kMostCpusOfEqualTurns;
}

std::string pause_range() {
  return fmt::format("{},{}", kPauseInstructions, kLongestPauseInstructions);
}

std::string hash(const GuestSpec &spec, const std::string &qemu_version, const EmulatorHelp &help,
                 const std::string &host_cpu) {
  const Topology topology = topology_of(spec);
  Digest digest;
  digest.add("qemu", qemu_version);
  // The files' contents count, not their paths.
  digest.add("kernel", spec.kernel_digest.empty() ? spec.kernel_image.string() : spec.kernel_digest);
  digest.add("initramfs", spec.initramfs_digest.empty() ? spec.initramfs.string() : spec.initramfs_digest);
  digest.add("command line", kernel_command_line(spec));
  digest.add("cpus", spec.cpus);
  digest.add("sockets", topology.sockets);
  digest.add("cores", topology.cores);
  digest.add("threads", topology.threads);
  digest.add("memory", spec.memory_mib);
  for (const NumaCell &cell : spec.numa) {
    digest.add("node cpus", cell.cpus);
    digest.add("node memory", cell.memory_mib);
  }
  for (const base::ChosenDevice &device : spec.devices) {
    digest.add("device", device.name);
    if (device.bytes > 0) digest.add("bytes", static_cast<std::int64_t>(device.bytes));
  }
  digest.add("channel", static_cast<int>(spec.channel));
  digest.add("shared memory", static_cast<std::int64_t>(spec.shared_bytes));
  digest.add("clock", spec.clock == Clock::virtual_ ? fmt::format("virtual, shift {}", kInstructionShift) : "real");
  digest.add("machine", kMachineRecipe);
  digest.add("accelerator", spec.accelerator == Accelerator::tcg ? "tcg" : "kvm");
  if (spec.accelerator == Accelerator::kvm) digest.add("host cpu", host_cpu);
  if (help.memory_apart && has_memory_apart(spec)) digest.add("memory", "in a file of its own");
  if (help.long_pause && spec.clock == Clock::virtual_) {
    digest.add("instructions of a pause", pause_range());
    if (has_fitted_turns(spec)) digest.add("turns", "as long as a CPU needs");
  }
  return digest.hex();
}

namespace {

/// Returns the limits of the kernel's detectors of stalls under virtual time: the kernel's own, so that work that comes
/// to an end is not accused. All CPUs share the instructions that advance the clock, so the more there are, the longer
/// one can seem stuck. Source: kernel, Documentation/admin-guide/sysctl/kernel.rst and kernel-parameters.txt (sysctl.*,
/// rcupdate.rcu_cpu_stall_timeout).
std::string stall_thresholds(const GuestSpec &spec) {
  const int watchdog = watchdog_seconds(spec.cpus);
  return fmt::format(
      " sysctl.kernel.watchdog_thresh={} rcupdate.rcu_cpu_stall_timeout={}"
      " sysctl.kernel.hung_task_timeout_secs=120 sysctl.kernel.hung_task_check_interval_secs=5"
      " sysctl.kernel.hung_task_warnings=-1",
      watchdog, rcu_stall_seconds(watchdog));
}

}  // namespace

std::string kernel_command_line(const GuestSpec &spec) {
  std::string line =
      // Warnings and worse reach the console, including traces, so that its end shows why a guest died or fell silent;
      // everything else arrives over the channel.
      "console=ttyS0 loglevel=5"
      // The agent's lines in the log (its step markers) are neither limited nor dropped.
      " printk.devkmsg=on"
      // Under load the check of the legacy timer misfires and ends the boot.
      " no_timer_check"
      // The host can deprive a virtual CPU of time for seconds: clocks that check each other would take that for a
      // fault.
      " tsc=reliable"
      " random.trust_cpu=on"
      // The kernel's self-tests of its crypto take 0.3 s of every boot under TCG.
      " cryptomgr.notests"
      // Slab caches are not merged: a leftover in the module's cache would be invisible in one that it shares with the
      // kernel's.
      " slab_nomerge"
      // With a pvpanic driver the machine pauses at a panic. Without one it "reboots" as soon as the panic is printed,
      // which ends it, so that no run waits for a dead guest.
      " panic=-1";
  switch (spec.channel) {
    case ChannelKind::memory:
      line += " kmodtest.channel=memory";
      break;
    case ChannelKind::virtio:
      line += " kmodtest.channel=virtio";
      break;
    case ChannelKind::serial:
      line += " kmodtest.channel=ttyS1";
      break;
  }
  if (spec.clock == Clock::virtual_) {
    line += " kmodtest.clock=virtual";
    // Staggers the ticks of the CPUs: QEMU's handling of timers that expire within some microseconds of each other is
    // not deterministic (docs/internals/traps.md).
    line += " skew_tick=1";
    line += stall_thresholds(spec);
  }
  // An emulated CPU has nothing to protect, and the thunks of the mitigations slow it down.
  if (spec.accelerator == Accelerator::tcg) line += " mitigations=off";
  if (!spec.append.empty()) line += " " + spec.append;
  return line;
}

}  // namespace kmodtest::vm
