// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wire/device_steps.hpp"
#include "wire/records.hpp"
#include "wire/values.hpp"

/// The program of a case: everything that the agent executes on its own, including waits. It is sent completely before
/// the first step runs. The same code evaluates conditions twice (observe/condition): in the guest, to know when to
/// stop waiting, and in the controller, to judge what was streamed.
namespace kmodtest::wire {

/// The allowed gaps between repeats: each gap within [min, max], and at least `gaps` of them.
struct Interval {
  Pattern of;  ///< the repeating line; unused for a growing file
  Microseconds min{0};
  Microseconds max{0};
  std::uint32_t gaps = 1;

  template <class Visitor>
  void fields(Visitor &v) {
    v(of, min, max, gaps);
  }
  bool operator==(const Interval &) const = default;
};

struct Count {
  Pattern of;
  Range is;

  template <class Visitor>
  void fields(Visitor &v) {
    v(of, is);
  }
  bool operator==(const Count &) const = default;
};

/// The part of the case's log that a dmesg step looks at.
enum class LogScope : std::uint8_t {
  action,  ///< from the start of the last step that did something (load, unload, write, run, cpu); the default
  start,   ///< the whole log of the case
  here,    ///< from the start of this step
};

/// `dmesg`. All given parts must hold together.
struct LogCondition {
  std::vector<Pattern> in_order;  ///< each matches a line after the one before it
  std::vector<Pattern> contains;  ///< each matches some line, in any order
  std::vector<Pattern> absent;    ///< none may match
  std::vector<Count> counts;
  std::vector<Interval> intervals;
  LogScope since = LogScope::action;

  template <class Visitor>
  void fields(Visitor &v) {
    v(in_order, contains, absent, counts, intervals, since);
  }
  bool operator==(const LogCondition &) const = default;
};

/// The scheduling policies by their numbers in the kernel (include/uapi/linux/sched.h).
struct SchedPolicy {
  const char *name;
  std::uint8_t number;
};
inline constexpr SchedPolicy kSchedPolicies[] = {{"other", 0}, {"fifo", 1}, {"rr", 2},
                                                 {"batch", 3}, {"idle", 5}, {"deadline", 6}};

/// `ps`. `thread` is a shell glob over the whole name; a pattern of more than 15 characters also matches the cut name
/// on kernels that cut.
struct ThreadCondition {
  std::string thread;
  bool absent = false;
  std::optional<Range> count;               ///< without it: at least one
  std::string states;                       ///< letters of ThreadRecord::state that are allowed; empty: any
  std::optional<std::string> cpus;          ///< CPU list: every match last ran on one of them
  std::optional<std::string> allowed;       ///< CPU list: every match may run on exactly these
  std::vector<std::uint8_t> policies = {};  ///< ThreadRecord::policy is one of these; empty: any
  std::optional<Range> priority = {};
  std::optional<Range> nice = {};

  template <class Visitor>
  void fields(Visitor &v) {
    v(thread, absent, count, states, cpus, allowed, policies, priority, nice);
  }
  bool operator==(const ThreadCondition &) const = default;
};

/// `lsmod`.
struct ModuleCondition {
  std::string module;
  bool absent = false;
  std::optional<Range> size;  ///< bytes
  std::optional<Range> users;
  std::optional<std::vector<std::string>> used_by;  ///< exactly these dependants, in any order

  template <class Visitor>
  void fields(Visitor &v) {
    v(module, absent, size, users, used_by);
  }
  bool operator==(const ModuleCondition &) const = default;
};

/// The condition on a content (of a file, of a stream). Trailing newlines do not count.
struct TextCondition {
  std::optional<std::string> equals;
  std::vector<Pattern> contains;
  std::vector<Pattern> absent;
  std::optional<Range> number;  ///< the content is one number in this range

  template <class Visitor>
  void fields(Visitor &v) {
    v(equals, contains, absent, number);
  }
  bool empty() const { return !equals && contains.empty() && absent.empty() && !number; }
  bool operator==(const TextCondition &) const = default;
};

/// A file whose number grows by `by` at each change; changes are `every` apart.
struct Growth {
  Range by{1, 1};
  Interval every;

  template <class Visitor>
  void fields(Visitor &v) {
    v(by, every);
  }
  bool operator==(const Growth &) const = default;
};

/// Returns whether the errno of a call is the expected one: 0 is success, kAnyErrno any error, kAnyOutcome both.
inline constexpr std::int32_t kAnyErrno = -1;
inline constexpr std::int32_t kAnyOutcome = -2;
constexpr bool is_expected_errno(std::int32_t error, std::int32_t expected) {
  if (expected == kAnyOutcome) return true;
  return expected == kAnyErrno ? error != 0 : error == expected;
}

/// `file`: under /proc, /sys, /dev or /tmp.
struct FileCondition {
  std::string path;
  bool absent = false;    ///< no such entry
  bool is_read = false;   ///< its content is needed even if there is no condition on it
  TextCondition content;  ///< empty: it is enough that there is such an entry
  std::optional<Growth> grows;

  template <class Visitor>
  void fields(Visitor &v) {
    v(path, absent, is_read, content, grows);
  }
  bool operator==(const FileCondition &) const = default;
};

/// A module file that was pushed into the guest.
struct ModuleToLoad {
  std::string name;  ///< as lsmod prints it (with underscores)
  std::string path;  ///< in the guest
  std::map<std::string, std::string> params;

  template <class Visitor>
  void fields(Visitor &v) {
    v(name, path, params);
  }
  bool operator==(const ModuleToLoad &) const = default;
};

inline constexpr std::int32_t kAnyCpu = -1;

/// Calls finit_module(2) for each in turn. Stops at the first failure.
struct Load {
  std::vector<ModuleToLoad> modules;
  std::int32_t expected_errno = 0;  ///< of the last one, see is_expected_errno(); the others must succeed
  std::int32_t cpu = kAnyCpu;       ///< the CPU on which the calls are made

  template <class Visitor>
  void fields(Visitor &v) {
    v(modules, expected_errno, cpu);
  }
  bool operator==(const Load &) const = default;
};

/// Calls delete_module(2) for each in turn.
struct Unload {
  std::vector<std::string> modules;
  bool force = false;               ///< O_TRUNC
  std::int32_t expected_errno = 0;  ///< as in Load
  /// no step of the plan: a module that is gone already, or that cannot be unloaded (ENOENT, EBUSY), is skipped
  bool added = false;

  template <class Visitor>
  void fields(Visitor &v) {
    v(modules, force, expected_errno, added);
  }
  bool operator==(const Unload &) const = default;
};

/// Writes a file (under /proc, /sys, /dev or /tmp).
struct WriteFile {
  std::string path;
  std::string content;
  std::int32_t expected_errno = 0;

  template <class Visitor>
  void fields(Visitor &v) {
    v(path, content, expected_errno);
  }
  bool operator==(const WriteFile &) const = default;
};

/// Runs /bin/sh -c COMMAND in the guest.
struct RunCommand {
  std::string command;
  bool background = false;  ///< continue at once; ended with the case
  Range exit_status{0, 0};  ///< 128 + N if signal N ended it
  TextCondition out;
  TextCondition err;
  std::string name = {};     ///< of a command in the background, for WaitCommand; empty: none
  std::uint32_t copies = 1;  ///< as many run at the same time, and the conditions are on each

  template <class Visitor>
  void fields(Visitor &v) {
    v(command, background, exit_status, out, err, name, copies);
  }
  bool operator==(const RunCommand &) const = default;
};

/// `wait`: waits for the end of a command in the background.
struct WaitCommand {
  std::string name = {};    ///< of a RunCommand
  std::int32_t signal = 0;  ///< is sent to its processes first; 0: none
  Range exit_status{0, 0};
  TextCondition out = {};
  TextCondition err = {};

  template <class Visitor>
  void fields(Visitor &v) {
    v(name, signal, exit_status, out, err);
  }
  bool operator==(const WaitCommand &) const = default;
};

/// CPU hotplug; the sets are in list format and can be empty.
struct SetCpus {
  std::string offline;
  std::string online;

  template <class Visitor>
  void fields(Visitor &v) {
    v(offline, online);
  }
  bool operator==(const SetCpus &) const = default;
};

/// Lets guest time pass.
struct Sleep {
  Microseconds duration{0};

  template <class Visitor>
  void fields(Visitor &v) {
    v(duration);
  }
  bool operator==(const Sleep &) const = default;
};

/// A repeat that no plan asks for is left out if the loads and unloads before it took more CPU time.
inline constexpr Microseconds kMostBusyToRepeat{1'000'000};

/// Loads and unloads modules repeatedly. The memory in use is counted after the warm-up and then at equal distances, so
/// that growth with the rounds can be distinguished from other changes.
struct Repeat {
  std::vector<ModuleToLoad> modules;  ///< loaded in this order, unloaded in the other
  std::uint32_t warm_up = 0;          ///< rounds before the first count
  std::uint32_t times = 0;            ///< rounds after that
  std::uint32_t counts = 0;           ///< number of counts after the first one; at most `times`
  Microseconds hold_for{0};           ///< how long the modules stay loaded in each round
  /// no step of a plan: left out if one of the modules is still loaded, or if loads and unloads were expensive
  bool added = false;

  template <class Visitor>
  void fields(Visitor &v) {
    v(modules, warm_up, times, counts, hold_for, added);
  }
  bool operator==(const Repeat &) const = default;
};

/// `sched`: makes the agent send the trace of the scheduler up to this point. Only the controller judges it; the agent
/// just waits for `Step::hold_for` before.
struct SendTrace {
  template <class Visitor>
  void fields(Visitor &v) {
    v();
  }
  bool operator==(const SendTrace &) const = default;
};

using StepBody = std::variant<Load, Unload, LogCondition, ThreadCondition, ModuleCondition, FileCondition, WriteFile,
                              RunCommand, SetCpus, Sleep, Repeat, SendTrace, WaitCommand, Ioctl, MapMemory, Poll>;

struct Step {
  StepBody body;
  Microseconds within{0};    ///< deadline in guest time for the end of an action, or for a condition to become true
  Microseconds hold_for{0};  ///< for this long after that, a condition must stay true
  std::string label;         ///< the step's text in the marker in the kernel log, e.g. "load ex7_4"

  template <class Visitor>
  void fields(Visitor &v) {
    v(body, within, hold_for, label);
  }
  bool operator==(const Step &) const = default;
};

struct Program {
  std::vector<ModuleToLoad> prerequisites;  ///< modules of the kernel itself, loaded before the baseline is taken
  std::vector<std::string> modules;         ///< names of the modules under test
  std::vector<Step> steps;                  ///< the program ends at the first step that does not hold
  Microseconds timeout{0};                  ///< guest time for all of it; 0: none (the controller counts wall time)
  std::uint64_t seed = 0;  ///< of the guest's random pool and of the moment at which the first step starts; 0: neither
  std::vector<Microseconds> delays;  ///< before the steps, in their order; those that are missing have none
  bool trace_sched = false;          ///< record and send what the scheduler does with threads that appear from now on
  /// after the last step the guest rests until it is asked to continue, instead of ending
  bool rests = false;
  /// addresses of PCI devices to look for again before the baseline is taken: a restored guest does not have their
  /// registers as the kernel set them
  std::vector<std::string> renewed_devices = {};
  /// the baseline is taken when the kernel has reported no change of devices for so long
  Microseconds settles{0};
  Microseconds idles{0};  ///< guest time that passes at the end if no module under test is loaded any more
  /// kmodtest_faults is among the prerequisites. Once a call has failed, steps that do not hold do not end the program.
  bool counts_calls = false;

  template <class Visitor>
  void fields(Visitor &v) {
    v(prerequisites, modules, steps, timeout, seed, delays, trace_sched, rests, renewed_devices, settles, idles,
      counts_calls);
  }
  bool operator==(const Program &) const = default;
};

/// Returns true for the steps that do something to the guest (LogScope::action counts from these).
bool is_action(const StepBody &body);

/// Returns the step's key in a plan: "load", "unload", "dmesg", "ps", "lsmod", "file", "write", "run", "cpu", "sleep",
/// "repeat", "sched", "wait", "ioctl", "mmap", "poll".
const char *step_name(const StepBody &body);

}  // namespace kmodtest::wire
