// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"
#include "judge/dissection.hpp"
#include "kernel/modules/module.hpp"
#include "observe/reports/reports.hpp"
#include "observe/sched/sched.hpp"
#include "plan/plan.hpp"
#include "wire/message.hpp"

/// Observations in, verdict and evidence out: no I/O, no clock.
namespace kmodtest::judge {

enum class Outcome { passed, failed, crashed, hung, leaked, errored, skipped };

/// "passed", "failed"…
const char *outcome_name(Outcome outcome);
/// "Passed", "Failed"…
std::string outcome_word(Outcome outcome);

/// Why a case did not pass.
struct Evidence {
  std::optional<std::size_t> step;  ///< index into Case::steps
  plan::Location where;             ///< in the plan; line 0 when it is about no place in particular
  std::string source;               ///< the plan's line
  std::string summary;              ///< one line: "'Thread exiting' did not appear within 5 s"
  std::string expected;
  std::string seen;                    ///< the nearest thing, e.g. the closest log line with the difference marked
  std::vector<std::string> details;    ///< further lines: a report, ps, lsmod, compiler output
  std::vector<std::string> trace;      ///< the frames of `details` that are in modules under test, with their source
  std::string hint;                    ///< how to mend it, where we know
  base::Code code = base::Code::none;  ///< of what is no fault of the module's: always there when we could not judge
};

struct Verdict {
  Outcome outcome = Outcome::errored;
  std::vector<Evidence> evidence;  ///< the first one is what the case ended with; empty when passed without `came`
  std::string skip_reason;
  std::string came;  ///< of a case that passed because what its plan expects came: "Crashed: divide error in …"
};

/// How the conversation with the guest ended, as far as the judge has to know.
struct Ending {
  enum class Kind {
    completed,       ///< ProgramEnded came
    panicked,        ///< pvpanic, or the console shows a panic
    guest_gone,      ///< QEMU ended
    channel_broken,  ///< closed or corrupt
    silent,          ///< nothing came until the wall-clock deadline
    stopped_early,   ///< the controller stopped the guest after a report had been seen
    not_started,     ///< preflight or build: no guest was started
    timed_out,       ///< the case's own timeout passed
    stuck,           ///< the controller saw from outside that nothing would come any more
  };
  Kind kind = Kind::completed;
  std::string detail;                  ///< in words
  base::Code code = base::Code::none;  ///< where more is known than `kind` tells
};

/// All that was seen of one case.
struct Observations {
  std::optional<wire::AgentInfo> agent;
  std::vector<wire::Report> reports;        ///< as they came, LogLines included
  std::vector<kernel::ModuleInfo> modules;  ///< of the modules under test
  std::vector<kernel::PreflightFinding> preflight;
  std::string console;                   ///< what the serial console showed
  std::optional<Dissection> dissection;  ///< of a guest that hung
  Ending ending;
  std::shared_ptr<const observe::SchedTimeline> sched;  ///< nothing unless the scheduler was traced
  std::string sched_problem;                            ///< why there is none, though it was traced

  /// All kernel log lines, in order.
  std::vector<wire::KernelLogLine> log() const;
  /// Where the modules were that have been loaded so far.
  std::vector<observe::ModuleRange> loaded() const;
};

/// The verdict of a case. A kernel report outranks a step that did not hold; an unknown is never a pass. What the plan
/// expects to go wrong has been compared with what did.
Verdict judge(const plan::Case &test_case, const Observations &seen);

/// The outcome as if the plan expected nothing to go wrong.
Outcome what_happened(const plan::Case &test_case, const Observations &seen);

/// Whether a look at the guest from outside could tell more: it hangs, or a step ran out of time while tasks sleep that
/// nobody can wake.
bool wants_dissection(const plan::Case &test_case, const Observations &seen);

/// True once a report of the kernel has settled the outcome and nothing of use is to come: the guest may be stopped.
/// `log` is that of `seen`, which may be long.
bool decided_early(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log);

}  // namespace kmodtest::judge
