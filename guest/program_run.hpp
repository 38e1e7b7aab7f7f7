// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent.hpp"
#include "entries.hpp"
#include "resources.hpp"
#include "shared/condition.hpp"
#include "system.hpp"
#include "tasks.hpp"
#include "wire/message.hpp"
#include "wire/program.hpp"

namespace kmodtest::guest {

/// Returns the parameters for finit_module(2): "k=v k2=\"v w\"", as modprobe(8) writes them.
std::string module_parameters(const wire::ModuleToLoad &module);

/// The result of a step.
struct StepOutcome {
  wire::StepResult result = wire::StepResult::held;
  std::string detail;
};

/// A program, from its first marker to ProgramEnded.
class ProgramRun {
 public:
  /// The time for threads to exit after the last module under test was unloaded.
  static constexpr Time kSettleTime{200'000};

  /// Prepares the run. `program` grows when it rests and gets more steps.
  ProgramRun(Agent &agent, wire::Program &program) : agent_(agent), program_(program) {}
  void run();

 private:
  /// Nothing if the program was cancelled meanwhile.
  using Outcome = std::optional<StepOutcome>;

  // program_run.cpp: the frame around the steps
  /// Makes the kernel look for devices whose registers a restore does not bring back.
  bool renew_devices();
  /// Waits for devices that the kernel still finds, such as those of a bus whose driver was just loaded.
  void settle_devices() const;
  bool prepare();
  void start_from(std::uint64_t seed);
  void wait_before_step();
  bool run_step();
  /// Returns false if the program has ended.
  bool rest();
  void end();
  void mark_step();
  std::optional<wire::Inventory> take_inventory();
  void report_after_unload();
  bool modules_gone() const;
  /// Takes the baseline again if a step has changed the guest before a load: what a plan does itself is not left by the
  /// module. Not after a load that was refused, nor if a command has loaded modules: these are judged. Returns false if
  /// it cannot be taken.
  bool renew_baseline();
  bool report_baseline(const std::optional<wire::Inventory> &inventory);
  void settle();
  /// Unloads the kernel's own modules that were requested during the program (request_module(), modprobe) and that
  /// nothing uses: what they made is no leftover of the modules under test. In steps/unload.cpp.
  void unload_requested();
  /// Waits at the end for what is still due after the unload.
  void idle();
  /// Lets kmemleak, if the kernel has it, look for memory of modules that are gone, and sends what it lists. In
  /// kmemleak.cpp.
  void report_unreferenced();

  // faults.cpp
  /// Reports the calls of the modules under test since the last time.
  void report_calls();
  /// Returns whether a step is left out because a call that failed kept the modules from being loaded.
  bool leaves_out_step() const;
  /// Returns whether the program continues after a step with this result, because a call has failed.
  bool goes_on_after(const StepOutcome &outcome) const;

  /// Takes the autopsy, once, when a deadline has passed or threads are left blocked, before anything is killed.
  /// `caller`: the process whose call did not return; 0: none.
  void hold_autopsy(std::int32_t caller);

  // steps/actions.cpp and the files of the steps that do something
  Outcome act(const wire::Load &load);
  Outcome act(const wire::Unload &unload);
  Outcome act(const wire::WriteFile &write);
  Outcome act(const wire::RunCommand &command);
  Outcome act(const wire::WaitCommand &wanted);
  Outcome act(const wire::Ioctl &call);
  Outcome act(const wire::MapMemory &map);
  Outcome act(const wire::Poll &poll);
  /// Makes the call and reports it. Nothing if it did not come back: then `end` is the step's outcome.
  std::optional<wire::DeviceCalled> call_device_of_step(const std::string &path, std::string job, Time deadline,
                                                        Outcome &end);
  Outcome judge_device_call(const wire::DeviceCalled &called, int expected_errno, const wire::BytePattern &gives) const;
  Outcome act(const wire::SetCpus &cpus);
  Outcome act(const wire::Sleep &sleep);
  std::optional<JobResult> do_job(const Job &job, Time deadline);
  Outcome judge_error(const std::string &what, int error, int expected) const;
  Outcome set_cpus(const std::string &cpus, bool online);
  /// Waits until all of these commands have ended, and judges each.
  template <class Wanted>
  Outcome end_of_commands(const std::vector<std::size_t> &commands, const Wanted &wanted);
  template <class Wanted>
  Outcome judge_command(const Wanted &wanted, const wire::CommandEnded &ended) const;
  void report_command(Command &command);
  void report_background_commands();
  void end_commands();

  // steps/repeat.cpp
  Outcome act(const wire::Repeat &repeat);
  bool leaves_out(const wire::Repeat &repeat) const;
  /// Waits for a module that is in use for a moment, such as by work of its own.
  void wait_until_unused(const std::string &name);
  Outcome run_round(const wire::Repeat &repeat);
  Outcome count_memory_after(std::uint32_t rounds, std::vector<wire::MemoryRecord> &last);
  void wait(Time span);
  void limit_deadline() { deadline_ = std::min(case_deadline_, later(now(), step().within)); }

  // steps/conditions.hpp and the files of the steps that wait for a condition
  Outcome act(const wire::LogCondition &condition);
  Outcome act(const wire::ThreadCondition &condition);
  Outcome act(const wire::ModuleCondition &condition);
  Outcome act(const wire::FileCondition &condition);
  Outcome act(const wire::SendTrace &send);
  template <class Look, class Wait>
  Outcome wait_until_held(Look look, Wait wait);
  /// Waits for the condition that `sample` evaluates; `send` reports the first sample, each that changed the result,
  /// and the last.
  template <class Sample, class Send>
  Outcome sample_until_held(const Sample &sample, const Send &send);
  std::size_t scope_start(wire::LogScope scope) const;

  const wire::Step &step() const { return program_.steps[index_]; }
  Outcome expired(const std::string &detail) const { return StepOutcome{wire::StepResult::expired, detail}; }

  Agent &agent_;
  wire::Program &program_;
  std::uint32_t index_ = 0;  // of the present step
  std::uint32_t held_ = 0;   // steps that held
  Time step_started_{0};
  Time steps_ended_{0};  // of the last step
  Time deadline_ = kNever;
  Time case_deadline_ = kNever;
  std::size_t first_line_ = 0;   // of the present step, in the log's history
  std::size_t action_line_ = 0;  // of the last step that did something
  Time busy_{0};                 // the CPU time of all loads and unloads so far
  bool timed_out_ = false;
  bool after_unload_sent_ = false;
  bool has_loaded_ = false;  // or has tried to
  bool is_changed_ = false;  // by a step, since the last inventory
  bool has_tried_ = false;   // to load a module, since the last inventory
  bool autopsy_held_ = false;
  bool call_failed_ = false;                 // and calls can still fail
  std::string counted_calls_;                // the first line of the last report
  std::optional<std::uint64_t> seen_up_to_;  // log sequence at which the present step's autopsy began
  std::string error_;
  int prerequisite_error_ = 0;
  std::uint64_t baseline_taint_ = 0;
  std::vector<std::string> baseline_modules_;
  KernelThreads threads_;  // knows those of the baseline
  std::optional<std::string> baseline_entries_;
  std::optional<ResourceSet> baseline_resources_;
};

}  // namespace kmodtest::guest
