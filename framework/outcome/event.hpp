// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "judge/evidence.hpp"
#include "observe/coverage.hpp"
#include "outcome/schedule_story.hpp"
#include "plan/plan.hpp"

namespace kmodtest::judge {
struct Observations;
}

/// Events of a run as they happen, and their listeners.
namespace kmodtest::outcome {

using Seconds = std::chrono::duration<double>;

/// Returns a duration of any unit as a number of seconds.
template <class Duration>
double seconds(Duration time) {
  return Seconds(time).count();
}

/// Where a case's wall time went.
struct Timings {
  Seconds build{0}, start{0}, boot{0}, restore{0}, push{0}, steps{0}, stop{0};
  Seconds guest{0};  ///< guest time that the steps took
};

struct RunStarted {
  std::size_t cases = 0;  ///< each counted once, however often it is repeated
  int workers = 1;
  std::string hypervisor;
  int repeats = 1;                              ///< how often each case runs (--repeat)
  std::optional<std::uint64_t> shuffle_seed{};  ///< of --shuffle
};
/// A message for the user that is not a result ("KVM does not work here, using TCG", "fetching kernel …").
struct Notice {
  std::string text;
};
struct CaseStarted {
  std::shared_ptr<const plan::Case> test_case;
  int repeat = 1;  ///< counts from 1
};
/// A new activity of a running case: "booting", "pushing ex7_4.ko", "step 3/7: dmesg".
struct CaseProgress {
  std::shared_ptr<const plan::Case> test_case;
  std::string what;
  int repeat = 1;
};
/// What a case ran on, beyond the facts in its plan: for reading the result elsewhere, and for running it again.
struct Machine {
  std::string kernel;  ///< as --kernel takes it; empty: the case did not get that far
  std::filesystem::path kernel_image;
  std::filesystem::path modules_dir, headers;  ///< as given with --modules-dir and --headers
  std::string command_line;                    ///< of the guest's kernel
  bool virtual_time = false;
  bool kvm = false;
  bool traced = false;     ///< the scheduler was traced though the plan did not ask for it (--trace)
  std::string hypervisor;  ///< libvirt and QEMU
};
/// Results of earlier runs, the oldest first.
struct Past {
  std::vector<double> seconds;           ///< wall time without building
  std::vector<judge::Outcome> outcomes;  ///< of the same runs
};
struct CaseFinished {
  std::shared_ptr<const plan::Case> test_case;
  judge::Verdict verdict;
  std::shared_ptr<const judge::Observations> seen;
  std::string domain_xml;
  std::string kernel_release;
  Machine machine;
  Seconds took{0};
  Timings timings;
  std::filesystem::path artifacts;  ///< the case's folder; empty: none is kept
  std::string build_log;            ///< of make, when it ran
  std::filesystem::path vmcore;     ///< a dump of the guest's memory, to be taken into the case's folder; empty: none
  std::shared_ptr<void> vmcore_owner;  ///< deletes the dump when released
  std::string vmcore_problem;          ///< why there is none, though it was asked for
  std::string digest;  ///< SHA-256 of what the guest reported, up to a moment that does not depend on wall time; empty
                       ///< unless under virtual time, which makes it reproducible
  std::size_t digested = 0;                           ///< how many of its agent messages these are
  std::shared_ptr<const observe::Coverage> coverage;  ///< null unless it was measured (--coverage)
  std::shared_ptr<const ScheduleStory> story;         ///< of a schedule that kmodtest explore has found; else null
  Past past;                                          ///< from the history, when the run began
  std::size_t number = 0;  ///< place in the order of the plans, repeats of a case one after the other
  int repeat = 1;
  int attempt = 1;                             ///< counts from 1; more with --retries
  std::shared_ptr<const CaseFinished> unlike;  ///< another run of the case, in which the guest reported other things
                                               ///< under virtual time (--repeat); null: none
  std::vector<CaseFinished> earlier;  ///< attempts before this one, none of which passed; without their own `earlier`

  /// Returns whether it passed only after a retry. Listeners never report such a case as passed.
  bool flaky() const { return verdict.outcome == judge::Outcome::passed && attempt > 1; }
};
/// A case did not pass and is run again (--retries). CaseFinished follows once an attempt passes or none is left.
struct CaseRetried {
  CaseFinished attempt;
  int attempts = 2;  ///< at most
};
struct RunFinished {
  Seconds took{0};
  bool interrupted = false;
  std::vector<std::size_t> by_outcome;  ///< indexed by judge::Outcome; flaky ones are not among the passed
  std::size_t not_run = 0;
  std::size_t flaky = 0;
};

/// Sent about once a second while cases run, so that a live footer's clock advances. Not a result.
struct Tick {};

using Event = std::variant<RunStarted, Notice, CaseStarted, CaseProgress, CaseRetried, CaseFinished, RunFinished, Tick>;

/// Receives the events of a run: console, JUnit, JSON, artifacts. Listeners do not know each other. Events arrive one
/// at a time, from one thread. on() throws base::Error if it cannot write its output.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on(const Event &event) = 0;
};

}  // namespace kmodtest::outcome
