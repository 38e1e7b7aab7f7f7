// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/guest_devices.hpp"
#include "vm/libvirt/registers.hpp"
#include "vm/snapshots/saved_state.hpp"
#include "wire/shared_memory.hpp"

/// Virtual machines: from GuestSpec to domain XML, libvirt and a running guest.
namespace kmodtest::vm {

enum class Accelerator { tcg, kvm };
enum class ChannelKind {
  memory,  ///< memory shared by guest and controller; such a guest can be saved and restored
  virtio,
  serial,
};
/// The source of the guest's time.
enum class Clock {
  real,     ///< the host's clock
  virtual_  ///< the instructions that the guest executes (QEMU's -icount, TCG only): an idle guest's time flies
};

struct NumaCell {
  std::string cpus;  ///< list format
  std::uint32_t memory_mib = 0;
  bool operator==(const NumaCell &) const = default;
};

/// Under the virtual clock an instruction takes 2^2 ns. That is about TCG's real speed, so a guest that computes is
/// neither much faster nor much slower than its clock.
inline constexpr int kInstructionShift = 2;

/// Under the virtual clock PAUSE takes as long as this many instructions, a microsecond: loops that wait need fewer
/// rounds (emulator/pause.cpp).
inline constexpr int kPauseInstructions = 250;
/// The PAUSE of a loop that has waited for some time takes up to ten microseconds.
inline constexpr int kLongestPauseInstructions = 2500;

/// Raise it when domain_xml() makes a different machine of an equal spec: snapshots of the earlier machine do not fit.
inline constexpr int kMachineRecipe = 9;

/// Everything that makes two guests interchangeable. Its hash is their key.
struct GuestSpec {
  std::filesystem::path kernel_image;
  std::filesystem::path initramfs;
  std::string kernel_digest;  ///< of the contents, so that replacing a file makes it another guest
  std::string initramfs_digest;
  std::string append;                       ///< further words for the kernel's command line
  int cpus = 1;                             ///< 1 to 64
  int sockets = 0, cores = 0, threads = 0;  ///< 0: one socket, `cpus` cores, one thread
  std::uint32_t memory_mib = 256;
  std::vector<NumaCell> numa;  ///< empty: one node
  std::vector<base::ChosenDevice> devices;
  ChannelKind channel = ChannelKind::virtio;
  std::size_t shared_bytes = wire::kSharedMemoryBytes;  ///< of the memory shared with the agent (ChannelKind::memory)
  Accelerator accelerator = Accelerator::tcg;
  Clock clock = Clock::real;  ///< virtual_ needs TCG and ChannelKind::memory
  /// its QEMU can carry out a schedule once the guest is restored; that needs virtual_. The saved guest is the same.
  bool scheduled = false;
  /// its QEMU counts which instructions of modules are executed; otherwise as `scheduled`
  bool covered = false;
  /// its QEMU looks for data races of modules; otherwise as `scheduled`
  bool raced = false;

  bool operator==(const GuestSpec &) const = default;
};

/// Returns whether the guest's saved memory is a file of its own on a hypervisor that can do that: then a restore takes
/// a few milliseconds (emulator/saved_memory.cpp).
bool has_memory_apart(const GuestSpec &spec);

/// What the library in QEMU (emulator/) does for guests under virtual time.
struct EmulatorHelp {
  bool memory_apart = false;  ///< the memory of a saved guest is a file of its own
  bool long_pause = false;    ///< PAUSE takes kPauseInstructions more, up to kLongestPauseInstructions
};

/// Returns whether the library in QEMU makes the turns of the guest's CPUs as long as they need: there are more than
/// eight (emulator/turn_length.cpp).
bool has_fitted_turns(const GuestSpec &spec);

/// Returns the two numbers of instructions as the library in QEMU reads them (wire::kPause).
std::string pause_range();

/// Returns the hex digest of the spec and of the QEMU that would run it.
/// `host_cpu` counts under KVM only: a saved guest has used what that CPU has.
std::string hash(const GuestSpec &spec, const std::string &qemu_version, const EmulatorHelp &help = {},
                 const std::string &host_cpu = {});

/// Returns the PCI addresses ("0000:00:11.0") of the devices that a saved guest has to look for again, since QEMU does
/// not save their registers.
std::vector<std::string> unsaved_devices(const GuestSpec &spec);

/// Returns whether one of the guest's devices is a disk.
bool has_disks(const GuestSpec &spec);

/// The kernel's `watchdog_thresh` under virtual time, in seconds. A soft lockup lasts twice as long.
constexpr int watchdog_seconds(int cpus) {
  return 10 + cpus / 8;
}
/// The timeout of RCU's stalls that belongs to it, in seconds.
constexpr int rcu_stall_seconds(int watchdog) {
  return 2 * watchdog + 1;
}

/// Returns the kernel's command line for a spec.
std::string kernel_command_line(const GuestSpec &spec);

/// Paths of one guest's own files, all below one short folder (a UNIX socket's path holds 107 characters).
struct GuestFiles {
  std::filesystem::path folder;
  std::filesystem::path console;       ///< the first serial line's output
  std::filesystem::path channel;       ///< the agent's socket
  std::filesystem::path memory;        ///< the memory shared with the agent (ChannelKind::memory)
  std::filesystem::path state;         ///< the qcow2 image for the state; empty: it cannot be saved
  std::filesystem::path saved;         ///< the image with the state of a saved guest, opened read-only; empty: it boots
  std::filesystem::path saved_memory;  ///< the memory of a saved guest; empty: it is part of `saved`
  std::filesystem::path memory_to;     ///< the file for the memory when the guest is saved; empty: as above
  std::vector<std::filesystem::path> disks = {};  ///< the image of each device that is a disk
  std::filesystem::path schedule;                 ///< the file of a schedule (wire/schedule_memory.hpp); empty: none
  std::filesystem::path coverage;                 ///< the file for counts (wire/coverage_memory.hpp); empty: none
  std::filesystem::path races;                    ///< the file for races (wire/race_memory.hpp); empty: none
  bool long_pause = false;                        ///< of EmulatorHelp
  std::filesystem::path main_loop_gate;           ///< libkmodtest-gate.so, for the virtual clock; empty: none
  int controller_pid = 0;  ///< the required parent process of the emulator wrapper; 0: no wrapper, not checked
};

/// Returns libvirt domain XML, built with pugixml. `emulator` is the QEMU (or the wrapper that starts it).
std::string domain_xml(const GuestSpec &spec, const std::string &name, const GuestFiles &files,
                       const std::filesystem::path &emulator);

/// The state of a guest: running, or how it stopped.
enum class GuestState {
  running,
  crashed,  ///< its kernel panicked
  reset,    ///< the guest itself reset the machine or powered it off; its QEMU has ended
  stopped,  ///< its QEMU has ended
  no_room,  ///< QEMU has paused it, because the host has no room for what it wrote to its disk
};

/// Returns whether the guest's QEMU has ended.
constexpr bool is_gone(GuestState state) {
  return state == GuestState::reset || state == GuestState::stopped;
}

/// A part of a guest's memory, or of its addresses.
struct MemoryRange {
  std::uint64_t begin = 0, bytes = 0;
};
/// A word of eight bytes in a guest's memory.
struct MemoryWord {
  std::uint64_t at = 0;  ///< its distance from the start of the memory, all nodes one after the other
  std::uint64_t value = 0;
};

/// A view into a guest from outside, whatever its kernel is busy with. Its calls block and change nothing in the guest.
/// Each throws base::Error with QEMU's message.
class Inspector {
 public:
  virtual ~Inspector() = default;
  /// Returns all CPUs' registers. They are exact while the guest is paused; a running CPU can be a few instructions
  /// ahead.
  virtual std::vector<CpuRegisters> registers() = 0;
  /// Returns bytes at an address of the guest's kernel.
  virtual std::string memory(std::uint64_t address, std::size_t size) = 0;
  /// Returns the guest's ACPI timer: 24 bits that count 3,579,545 times a second of the guest's own time.
  virtual std::uint32_t timer() = 0;

  // ---- for paused guests whose saved memory is a file of its own (has_memory_apart)

  /// Finds the words that the guest has changed since it was restored and that point into one of the ranges of its
  /// addresses.
  virtual std::vector<MemoryWord> changed_pointers(const std::vector<MemoryRange> &into) = 0;
  /// Returns pieces of the memory, counted as in MemoryWord; empty for a piece that does not exist.
  virtual std::vector<std::string> pieces(const std::vector<MemoryRange> &wanted) = 0;
};

/// A running virtual machine. Destroying the object destroys the machine (without throwing); prefer stop().
class Guest {
 public:
  virtual ~Guest() = default;
  /// Connects to the agent's channel (virtio or serial).
  virtual base::Task<base::UnixSocket> open_channel() = 0;
  /// Returns the file of the memory shared with the agent (ChannelKind::memory), as long as the spec says.
  virtual std::filesystem::path shared_memory() const = 0;
  /// Returns the file of the schedule (wire/schedule_memory.hpp); empty if this guest has none.
  virtual std::filesystem::path schedule_file() const { return {}; }
  /// Returns the file with the counts of instructions (wire/coverage_memory.hpp); empty if this guest has none.
  virtual std::filesystem::path coverage_file() const { return {}; }
  /// Returns the file with the races (wire/race_memory.hpp); empty if this guest has none.
  virtual std::filesystem::path race_file() const { return {}; }
  virtual GuestState state() const = 0;
  /// Sets the function that is called on the io_context's thread when the guest panics (pvpanic) or its QEMU ends.
  /// Replaces the previous one.
  virtual void on_state_change(std::function<void(GuestState)> callback) = 0;
  /// Returns the output of the kernel on its console so far (at most the last 256 KiB).
  virtual std::string console() const = 0;
  virtual std::string xml() const = 0;
  virtual int qemu_pid() const = 0;
  /// Returns the CPU time of the host that the machine has used so far, in steps of 10 ms, without affecting the guest.
  virtual base::Task<std::chrono::nanoseconds> cpu_time() = 0;
  /// Destroys the machine and waits until its QEMU has ended.
  virtual base::Task<> stop() = 0;

  /// Listens for a debugger (gdb's remote protocol) on the UNIX socket that it returns. A connected debugger decides
  /// whether the guest runs. Throws base::Error.
  virtual base::Task<std::filesystem::path> serve_debugger() = 0;

  // ---- guests with ChannelKind::memory; each throws base::Error with QEMU's message

  /// Stops the guest's CPUs and its clock.
  virtual base::Task<> pause() = 0;
  virtual base::Task<> resume() = 0;
  /// Saves the state into files, ends the machine and hands them to `keep` (on a thread for blocking calls) before they
  /// are removed.
  virtual base::Task<> save(std::function<void(const StateFiles &)> keep) = 0;
  /// Returns the guest to its saved state, paused. Works whatever has happened to the guest as long as its QEMU runs;
  /// forgets an earlier crash, and the earlier output of the console.
  virtual base::Task<> restore() = 0;

  // ---- for guests of all kinds

  /// Calls `look` on a thread for blocking calls. Throws what it throws.
  virtual base::Task<> inspect(std::function<void(Inspector &)> look) = 0;
  /// Pauses the guest and writes its memory into a new file, in the compressed format of makedumpfile(8). Throws
  /// base::Error with QEMU's message; whatever was written by then stays.
  virtual base::Task<> dump(std::filesystem::path to) = 0;
};

/// Starts guests on a hypervisor. Tests use a fake.
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  /// Starts a guest. Throws base::Error with libvirt's message and a hint.
  virtual base::Task<std::unique_ptr<Guest>> start(GuestSpec spec, std::string name) = 0;
  /// Starts a QEMU for a guest that was saved before, which runs nothing until restore() and resume(). Checks every
  /// byte of the state meanwhile: throws UnsoundState. Throws base::Error.
  virtual base::Task<std::unique_ptr<Guest>> start_saved(GuestSpec spec, std::string name,
                                                         std::shared_ptr<SavedState> state) = 0;
  virtual std::string qemu_version() const = 0;
  virtual EmulatorHelp emulator_help() const = 0;
  /// Returns why the memory of saved guests is not kept apart, which makes each restore slower; empty: it is.
  virtual std::string why_memory_is_not_apart() const = 0;
  /// Returns what identifies the CPU of the machine that runs the guests (vm/accelerator.hpp).
  virtual std::string host_cpu() const = 0;
  /// Returns the key of the spec's snapshots.
  std::string key_of(const GuestSpec &spec) const { return hash(spec, qemu_version(), emulator_help(), host_cpu()); }
  /// Returns "qemu:///embed (libvirt 11.3.0)".
  virtual std::string connection() const = 0;
  /// Returns "qemu:///embed (libvirt 11.3.0), QEMU 10.0.2, TCG (/dev/kvm: Permission denied)".
  virtual std::string describe() const = 0;
};

struct HypervisorOptions {
  std::string uri = "qemu:///embed";
  std::filesystem::path cache;  ///< the user's cache folder (for the probe's result and capability caches)
  bool allow_kvm = true;
};

/// Opens libvirt with its event loop on `io`. Blocking calls run on a small thread pool of its own. For the embedded
/// driver it makes a private root folder below $XDG_RUNTIME_DIR or /tmp, removes the stale roots of killed controllers
/// (and ends their QEMUs), and removes its own root in the destructor. Throws base::Error that names the package to
/// install if there is no QEMU or no libvirt driver.
std::unique_ptr<Hypervisor> open_hypervisor(base::asio::io_context &io, const HypervisorOptions &options);

}  // namespace kmodtest::vm
