// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wire/faults.hpp"
#include "wire/pauses.hpp"
#include "wire/program.hpp"
#include "wire/records.hpp"
#include "wire/terminal.hpp"

/// The messages of the protocol (docs/internals/protocol.md). Both directions use the frames of wire/frame.
namespace kmodtest::wire {

inline constexpr std::uint16_t kProtocolVersion = 14;
/// The beginning of the step markers that the agent writes to /dev/kmsg ("kmodtest: step 3: load ex7_4").
inline constexpr char kMarkerPrefix[] = "kmodtest: ";
/// The beginning of the marker after which the agent itself causes the kernel log ("kmodtest: autopsy of step 3").
inline constexpr char kAutopsyMarker[] = "kmodtest: autopsy";

// ---- controller to agent ------------------------------------------------------------------------------------------

/// Asks for an Info. The controller sends one whenever it (re)opens the channel.
struct Hello {
  std::uint16_t protocol = kProtocolVersion;
  template <class Visitor>
  void fields(Visitor &v) {
    v(protocol);
  }
  bool operator==(const Hello &) const = default;
};

/// One chunk of a file; missing folders are created. Chunks of a file arrive in order; the last one is answered with
/// Pushed.
struct Push {
  std::string path;  ///< absolute, in the guest; not below /proc, /sys, /dev and where the agent has its own
  std::uint64_t offset = 0;
  std::string data;
  bool last = false;
  std::uint32_t crc = 0;  ///< zlib crc32 of the whole file; counts with `last`
  template <class Visitor>
  void fields(Visitor &v) {
    v(path, offset, data, last, crc);
  }
  bool operator==(const Push &) const = default;
};

/// Runs a program; answered by a stream of events that ends with ProgramEnded. One at a time.
struct Run {
  Program program;
  template <class Visitor>
  void fields(Visitor &v) {
    v(program);
  }
  bool operator==(const Run &) const = default;
};

/// Continues a program that rests, under the id of its Run. Without steps the program ends.
struct Continue {
  std::vector<std::string> modules;  ///< further names of modules under test
  std::vector<Step> steps;           ///< to be added to the earlier ones
  template <class Visitor>
  void fields(Visitor &v) {
    v(modules, steps);
  }
  bool operator==(const Continue &) const = default;
};

/// Ends the running program after its present action (ProgramEnded then has `cancelled`).
struct Cancel {
  template <class Visitor>
  void fields(Visitor &v) {
    v();
  }
  bool operator==(const Cancel &) const = default;
};

using Request = std::variant<Hello, Push, Run, Cancel, OpenTerminal, TerminalInput, ResizeTerminal, Continue>;

// ---- agent to controller ------------------------------------------------------------------------------------------

/// READY, and the answer to Hello. As READY its frame's id is 0.
struct Info {
  AgentInfo agent;
  template <class Visitor>
  void fields(Visitor &v) {
    v(agent);
  }
  bool operator==(const Info &) const = default;
};

struct Pushed {
  std::string path;
  std::uint64_t size = 0;
  std::string error;  ///< empty: the file is complete and its checksum is right
  template <class Visitor>
  void fields(Visitor &v) {
    v(path, size, error);
  }
  bool operator==(const Pushed &) const = default;
};

/// The agent did not understand a frame or refuses what it asks for; it keeps listening.
struct Refused {
  std::string reason;
  template <class Visitor>
  void fields(Visitor &v) {
    v(reason);
  }
  bool operator==(const Refused &) const = default;
};

/// New lines of the kernel log, as they appear.
struct LogLines {
  std::vector<KernelLogLine> lines;
  std::uint64_t lost = 0;      ///< records that the kernel's ring overwrote before they were read
  std::uint64_t left_out = 0;  ///< lines before and between these for which there is no room
  template <class Visitor>
  void fields(Visitor &v) {
    v(lines, lost, left_out);
  }
  bool operator==(const LogLines &) const = default;
};

/// The guest's state before the first step (baseline) and after the unload of a module. If steps of the plan change the
/// guest before a load, there is another baseline before that.
struct Inventory {
  Microseconds time{0};                   ///< CLOCK_MONOTONIC of the guest, as are all `time` fields below
  std::uint64_t taint = 0;                ///< /proc/sys/kernel/tainted
  std::vector<ThreadRecord> threads;      ///< kernel threads that the baseline did not have (baseline: all)
  std::vector<ModuleRecord> modules;      ///< all
  std::vector<std::string> new_entries;   ///< paths under /proc, /sys and /dev that the baseline did not have
  std::vector<std::string> lost_entries;  ///< and paths that only the baseline had
  std::vector<MajorRecord> majors;        ///< for these three: those that the baseline did not have
  std::vector<TimerRecord> timers;        ///< armed since then and still armed
  std::vector<VmallocRecord> vmalloc;
  std::vector<SettingRecord> settings;  ///< those that have changed
  template <class Visitor>
  void fields(Visitor &v) {
    v(time, taint, threads, modules, new_entries, lost_entries, majors, timers, vmalloc, settings);
  }
  bool operator==(const Inventory &) const = default;
};

struct Baseline {
  Inventory inventory;
  template <class Visitor>
  void fields(Visitor &v) {
    v(inventory);
  }
  bool operator==(const Baseline &) const = default;
};

/// The difference to the baseline after an unload that left no module under test, and at the end of the program. The
/// agent has waited for exiting threads (at most kSettleTime of guest time).
struct AfterUnload {
  std::uint32_t step = 0;  ///< the unload
  Inventory inventory;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, inventory);
  }
  bool operator==(const AfterUnload &) const = default;
};

struct StepStarted {
  std::uint32_t step = 0;  ///< index into Program::steps
  Microseconds time{0};
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time);
  }
  bool operator==(const StepStarted &) const = default;
};

/// A module was loaded or refused. Sent right after the system call, even if the step continues.
struct Loaded {
  std::uint32_t step = 0;
  std::string module;
  std::int32_t error = 0;  ///< errno, 0 for success
  Microseconds took{0};
  std::optional<ModuleRecord> record;  ///< as listed right after; absent after a failure
  Microseconds busy{0};                ///< the CPU time of the call
  /// The addresses of the module's sections, where they are not in the range of the record (kernels since 6.4), and of
  /// wire::kInitCode on a kernel with kmemleak.
  std::map<std::string, std::uint64_t> sections = {};
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, module, error, took, record, busy, sections);
  }
  bool operator==(const Loaded &) const = default;
};

struct Unloaded {
  std::uint32_t step = 0;
  std::string module;
  std::int32_t error = 0;
  Microseconds took{0};
  Microseconds busy{0};  ///< the CPU time of the call
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, module, error, took, busy);
  }
  bool operator==(const Unloaded &) const = default;
};

/// The threads that a ps step sampled: the first sample, each that changed the step's result, and the last.
struct Threads {
  std::uint32_t step = 0;
  Microseconds time{0};
  std::vector<ThreadRecord> threads;  ///< those that match, or, if none does, all kernel threads
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, threads);
  }
  bool operator==(const Threads &) const = default;
};

struct Modules {
  std::uint32_t step = 0;
  Microseconds time{0};
  std::vector<ModuleRecord> modules;  ///< all
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, modules);
  }
  bool operator==(const Modules &) const = default;
};

/// A file was read; sent for the first reading and whenever the content or the error changed.
struct FileRead {
  std::uint32_t step = 0;
  Microseconds time{0};
  std::string path;
  std::int32_t error = 0;  ///< errno of open or read
  std::string content;     ///< at most 64 KiB
  bool truncated = false;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, path, error, content, truncated);
  }
  bool operator==(const FileRead &) const = default;
};

struct Written {
  std::uint32_t step = 0;
  std::string path;
  std::int32_t error = 0;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, path, error);
  }
  bool operator==(const Written &) const = default;
};

/// A command ended. Streams are cut at 256 KiB each.
struct CommandEnded {
  std::uint32_t step = 0;
  std::int32_t exit_status = 0;  ///< 128 + N if signal N ended it
  std::string out;
  std::string err;
  bool truncated = false;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, exit_status, out, err, truncated);
  }
  bool operator==(const CommandEnded &) const = default;
};

struct CpusSet {
  std::uint32_t step = 0;
  std::int32_t cpu = 0;
  bool online = false;
  std::int32_t error = 0;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, cpu, online, error);
  }
  bool operator==(const CpusSet &) const = default;
};

/// The memory in use after `rounds` rounds of a repeat step, once everything that was being freed is gone.
struct MemoryCounted {
  std::uint32_t step = 0;
  Microseconds time{0};
  std::uint32_t rounds = 0;           ///< completed ones, without those of the warm-up
  std::vector<MemoryRecord> changed;  ///< the first time: all; then those whose count has changed
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, rounds, changed);
  }
  bool operator==(const MemoryCounted &) const = default;
};

enum class StepResult : std::uint8_t {
  held,      ///< done, or the condition became (and stayed) true
  violated,  ///< can no longer hold: failed at once
  expired,   ///< the deadline passed
  refused,   ///< a system call returned an error that the step does not expect
};

struct StepEnded {
  std::uint32_t step = 0;
  Microseconds time{0};
  StepResult result = StepResult::held;
  std::uint64_t log_sequence = 0;  ///< the first kernel log record that the step did not see
  std::string detail;              ///< the evaluator's own explanation; the controller's judge makes its own
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, result, log_sequence, detail);
  }
  bool operator==(const StepEnded &) const = default;
};

struct ProgramEnded {
  Microseconds time{0};
  std::uint32_t steps_done = 0;
  bool cancelled = false;
  bool timed_out = false;  ///< Program::timeout passed
  std::string error;       ///< why the agent could not continue (e.g. a prerequisite did not load); empty otherwise
  std::int32_t prerequisite_error = 0;  ///< the errno of a prerequisite's init function that is the reason
  template <class Visitor>
  void fields(Visitor &v) {
    v(time, steps_done, cancelled, timed_out, error, prerequisite_error);
  }
  bool operator==(const ProgramEnded &) const = default;
};

/// What the guest is busy with when a deadline has passed, or new threads are left that are blocked. Taken before
/// anything is killed, once. The kernel's additional output (sysrq) is in the log, after kAutopsyMarker.
struct Autopsy {
  std::uint32_t step = 0;
  Microseconds time{0};
  std::int32_t caller = 0;  ///< pid of the process whose call did not return; 0: none
  /// That process, all uninterruptible sleepers, new kernel threads, and every task in a module under test.
  std::vector<TaskStack> tasks;
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, time, caller, tasks);
  }
  bool operator==(const Autopsy &) const = default;
};

/// The scheduler is traced from now on (Program::trace_sched). These texts of tracefs describe the format of the pages.
struct TraceStarted {
  Microseconds time{0};
  std::vector<std::uint32_t> cpus;   ///< those that have a buffer
  std::string header_page;           ///< events/header_page
  std::vector<std::string> formats;  ///< events/…/format of each event that is traced
  std::string error;                 ///< why there is no trace; empty if there is one
  template <class Visitor>
  void fields(Visitor &v) {
    v(time, cpus, header_page, formats, error);
  }
  bool operator==(const TraceStarted &) const = default;
};

/// The new content of a CPU's trace buffer since the last time, in order.
struct TracePages {
  std::uint32_t cpu = 0;
  std::vector<std::string> pages;  ///< as trace_pipe_raw returns them, without the unused rest
  template <class Visitor>
  void fields(Visitor &v) {
    v(cpu, pages);
  }
  bool operator==(const TracePages &) const = default;
};

/// Everything that was traced up to `time` has been sent, or is lost.
struct TraceChecked {
  Microseconds time{0};
  std::uint64_t lost = 0;  ///< events since the start that did not fit into the kernel's buffers
  bool full = false;       ///< kMostTraceBytes were sent; the trace ended then
  template <class Visitor>
  void fields(Visitor &v) {
    v(time, lost, full);
  }
  bool operator==(const TraceChecked &) const = default;
};

/// The limit for the pages of one case, which leaves room for everything else in shared memory.
inline constexpr std::size_t kMostTraceBytes = 8u << 20;

using AgentMessage = std::variant<Info, Pushed, Refused, LogLines, Baseline, AfterUnload, StepStarted, Loaded, Unloaded,
                                  Threads, Modules, FileRead, Written, CommandEnded, CpusSet, StepEnded, ProgramEnded,
                                  TerminalOutput, TerminalEnded, Autopsy, MemoryCounted, TraceStarted, TracePages,
                                  TraceChecked, Resting, Idles, FaultCalls, DeviceCalled>;

}  // namespace kmodtest::wire
