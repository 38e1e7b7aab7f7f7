// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"
#include "judge/dissection.hpp"
#include "judge/pointers.hpp"
#include "kernel/modules/module_info.hpp"
#include "kernel/modules/open_calls.hpp"
#include "observe/reports/reports.hpp"
#include "wire/message.hpp"

namespace kmodtest::observe {
struct SchedTimeline;
struct ScheduleSeen;
struct RacesSeen;
}  // namespace kmodtest::observe

namespace kmodtest::judge {

/// How the conversation with the guest ended, as far as it matters for the judge.
struct Ending {
  enum class Kind {
    completed,       ///< ProgramEnded arrived
    panicked,        ///< pvpanic, or the console shows a panic
    guest_reset,     ///< the guest reset its machine or powered it off
    guest_gone,      ///< QEMU ended
    channel_broken,  ///< closed or corrupt
    silent,          ///< no message arrived until the wall-clock deadline
    stopped_early,   ///< the controller stopped the guest after a kernel report
    not_started,     ///< preflight or build: no guest was started
    timed_out,       ///< the case's own timeout passed
    stuck,           ///< the controller saw from outside that no further message would arrive
  };
  Kind kind = Kind::completed;
  std::string detail;                  ///< in words
  base::Code code = base::Code::none;  ///< if more is known than `kind`
};

/// All observations of one case.
struct Observations {
  std::optional<wire::AgentInfo> agent;
  std::vector<wire::AgentMessage> messages;  ///< in order of arrival, LogLines included
  std::vector<kernel::ModuleInfo> modules;   ///< of the modules under test
  std::vector<kernel::PreflightFinding> preflight;
  bool kernel_checks_itself = false;     ///< at each access or lock (KASAN, KCSAN, lockdep)
  std::string console;                   ///< the serial console's output; after a panic the kernel log in memory
  std::optional<Dissection> dissection;  ///< of a guest that hung
  PointerSearch pointers;                ///< of the end of the case
  Ending ending;
  std::shared_ptr<const observe::SchedTimeline> sched;  ///< nothing unless the scheduler was traced
  std::string sched_problem;                            ///< why there is no timeline, though it was traced

  /// the source lines of calls that were made to fail: "my:my_init+0x3e" → "my.c:41"
  std::map<std::string, std::string> call_sources;

  /// code of modules that are unloaded, which allocated memory that is left: address → "my_init+0x3e (my.c:41)"
  std::map<std::uint64_t, std::string> unloaded_code;

  /// what modules register and never take back, by their imports; only of cases that have left something
  std::map<std::string, kernel::OpenCall> open_calls;

  std::shared_ptr<const observe::ScheduleSeen> schedule;  ///< null unless the case has a schedule
  std::shared_ptr<const observe::RacesSeen> races;        ///< null unless the case looks for data races

  /// Returns all kernel log lines, in order.
  std::vector<wire::KernelLogLine> log() const;
  /// Returns the addresses of the modules that have been loaded so far.
  std::vector<observe::ModuleRange> loaded() const;
  /// Returns where the modules were that have been loaded and are not loaded any more, without what the kernel gives
  /// back after their init functions.
  std::vector<observe::ModuleRange> unloaded() const;
  /// Returns where the code of init functions was, for the modules of which the agent has sent it.
  std::vector<observe::ModuleRange> init_code() const;
};

}  // namespace kmodtest::judge
