// SPDX-License-Identifier: GPL-2.0-or-later
#include "program_run.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <linux/random.h>
#include <string_view>
#include <sys/ioctl.h>
#include <utility>
#include <variant>

#include "autopsy.hpp"
#include "base/descriptor.hpp"
#include "sample.hpp"
#include "shared/entries.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::guest {
namespace {

constexpr Time kInventoryDeadline{10'000'000};
constexpr Time kPrerequisiteDeadline{30'000'000};
constexpr Time kDevicesDeadline{20'000'000};
constexpr Time kSettlePoll{5'000};
constexpr Time kFailedWait{2'000'000};  // for a condition that a call that failed may keep from becoming true
constexpr Time kMostStartOffset{4'000};
// Fits into a frame with room to spare; more leftovers than this add no information.
constexpr std::size_t kMostEntries = 4000;

/// Returns whether a step can add something to the guest, or take it away, without loading a module. The CPUs that one
/// takes away are known to the controller.
bool changes_guest(const wire::StepBody &body) {
  return std::holds_alternative<wire::RunCommand>(body) || std::holds_alternative<wire::WaitCommand>(body) ||
         std::holds_alternative<wire::WriteFile>(body) || std::holds_alternative<wire::Ioctl>(body) ||
         std::holds_alternative<wire::MapMemory>(body);
}

}  // namespace

void ProgramRun::run() {
  const int error = agent_.log.open();
  if (error != 0) error_ = describe_error("cannot open /dev/kmsg", error);
  agent_.log.mark("start");
  agent_.pump_log();
  start_from(program_.seed);
  if (program_.timeout.count() > 0) case_deadline_ = later(now(), program_.timeout);
  if (error_.empty() && prepare()) {
    report_calls();  // which begins to count them
    if (program_.trace_sched) agent_.report(agent_.sched_trace.start());
    do {
      while (index_ < program_.steps.size() && !agent_.cancelled() && run_step()) ++index_;
    } while (index_ == program_.steps.size() && rest());
  }
  end();
}

void ProgramRun::start_from(std::uint64_t seed) {
  if (seed == 0) return;
  const base::Descriptor random(::open("/dev/urandom", O_WRONLY | O_CLOEXEC));
  // The write mixes it in, the request puts it to use (random(4)).
  if (random && write_all(random.get(), std::string_view(reinterpret_cast<const char *>(&seed), sizeof seed)) == 0)
    ::ioctl(random.get(), RNDRESEEDCRNG);
  // Within one tick at 250 Hz: different seeds meet the kernel's own timers at different moments. The multiplier is the
  // golden ratio's, which spreads consecutive seeds (Knuth, The Art of Computer Programming 3, 6.4).
  sleep_until(now() + Time(static_cast<std::int64_t>((seed * 0x9e3779b97f4a7c15u) >> 32) % kMostStartOffset.count()));
}

bool ProgramRun::renew_devices() {
  constexpr char kBus[] = "/sys/bus/pci/";
  const auto renew = [&](const std::string &attribute) {
    if (const int error = write_text(kBus + attribute, "1"); error != 0 && error_.empty())
      error_ = describe_error("cannot look for the guest's devices again: " + attribute, error);
  };
  for (const std::string &address : program_.renewed_devices) renew("devices/" + address + "/remove");
  if (!program_.renewed_devices.empty()) renew("rescan");
  return error_.empty();
}

void ProgramRun::settle_devices() const {
  if (program_.settles.count() <= 0) return;
  // The kernel counts what it reports about devices (Documentation/ABI/testing/sysfs-uevent).
  const auto reports = [] { return read_line("/sys/kernel/uevent_seqnum"); };
  const Time latest = later(now(), kDevicesDeadline);
  for (std::string seen; seen != reports() && now() < latest;) {
    seen = reports();
    sleep_until(later(now(), program_.settles));
  }
}

bool ProgramRun::prepare() {
  if (!renew_devices()) return false;
  for (const wire::ModuleToLoad &module : program_.prerequisites) {
    const auto result =
        do_job(Job(Job::Kind::load, module.path, module_parameters(module)), later(now(), kPrerequisiteDeadline));
    if (!result || result->died) {
      error_ = "loading " + module.name + ", which the modules under test need, did not come back";
    } else if (result->error != 0 && result->error != EEXIST) {
      error_ = describe_error("cannot load " + module.name + ", which the modules under test need", result->error);
      prerequisite_error_ = result->error;
    }
    if (!error_.empty()) return false;
  }
  settle_devices();
  std::optional<wire::Inventory> inventory;
  if (agent_.pristine && program_.prerequisites.empty() && program_.renewed_devices.empty() &&
      program_.settles.count() <= 0) {
    inventory = std::move(agent_.pristine->inventory);
    baseline_entries_ = std::move(agent_.pristine->entries);
    baseline_resources_ = std::move(agent_.pristine->resources);
    threads_ = std::move(agent_.pristine->threads);
    inventory->time = now();
  } else {
    inventory = take_inventory();
  }
  agent_.pristine.reset();
  return report_baseline(inventory);
}

bool ProgramRun::report_baseline(const std::optional<wire::Inventory> &inventory) {
  if (!inventory) return false;
  baseline_taint_ = inventory->taint;
  baseline_modules_.clear();
  for (const wire::ModuleRecord &module : inventory->modules) baseline_modules_.push_back(module.name);
  agent_.pump_log();
  agent_.report(wire::Baseline{*inventory});
  return true;
}

bool ProgramRun::renew_baseline() {
  const bool is_due = is_changed_ && !has_tried_ && read_taint() == baseline_taint_ && modules_gone();
  has_tried_ = true;
  if (!is_due) return true;
  settle_devices();
  baseline_entries_.reset();
  baseline_resources_.reset();
  threads_ = KernelThreads();
  return report_baseline(take_inventory());
}

void ProgramRun::mark_step() {
  const std::string begin = "step " + std::to_string(index_ + 1) + ": ";
  agent_.pump_log();
  const std::size_t before = agent_.log.end_index();
  step_started_ = now();
  agent_.log.mark(begin + step().label);
  agent_.pump_log();
  // Lines from in between belong to the step before.
  first_line_ = agent_.log.end_index();
  for (std::size_t i = std::max(before, agent_.log.first_index()); i < agent_.log.end_index(); ++i) {
    const wire::KernelLogLine &line = agent_.log.history()[i - agent_.log.first_index()];
    if (shared::is_marker(line) && line.text.compare(std::strlen(wire::kMarkerPrefix), begin.size(), begin) == 0) {
      first_line_ = i;
      break;
    }
  }
  if (wire::is_action(step().body)) action_line_ = first_line_;
}

void ProgramRun::wait_before_step() {
  if (index_ >= program_.delays.size() || program_.delays[index_].count() <= 0) return;
  const Time until = later(now(), program_.delays[index_]);
  while (now() < until && !agent_.cancelled()) agent_.turn(until);
}

bool ProgramRun::run_step() {
  wait_before_step();
  mark_step();
  seen_up_to_.reset();
  const Time within = step().within;
  const bool unlimited = within.count() <= 0 && wire::is_action(step().body);
  deadline_ = std::min(case_deadline_, unlimited ? kNever : later(step_started_, within));
  if (call_failed_ && !wire::is_action(step().body)) deadline_ = std::min(deadline_, later(step_started_, kFailedWait));
  if (wire::is_action(step().body)) after_unload_sent_ = false;
  agent_.report(wire::StepStarted{index_, step_started_});

  Outcome outcome = StepOutcome{};
  if (!leaves_out_step()) outcome = std::visit([this](const auto &body) { return act(body); }, step().body);

  is_changed_ = is_changed_ || changes_guest(step().body);
  agent_.pump_log();
  report_background_commands();
  report_calls();
  if (!outcome) return false;
  const bool goes_on = goes_on_after(*outcome);
  if (outcome->result == wire::StepResult::expired && !goes_on) hold_autopsy(0);
  // If a step would have waited longer than the case may last, that is not the step's fault.
  timed_out_ = outcome->result != wire::StepResult::held && now() >= case_deadline_;
  if (timed_out_) return false;
  // The kernel's lines for the autopsy do not belong to the step.
  const std::uint64_t seen_up_to = seen_up_to_.value_or(agent_.log.next_sequence());
  agent_.report(wire::StepEnded{index_, now(), outcome->result, seen_up_to, outcome->detail});
  // What follows reads the kernel's lists, which a task that was killed can have left locked.
  if (outcome->result != wire::StepResult::held) agent_.turn(now());
  const bool unloads =
      std::holds_alternative<wire::Unload>(step().body) || std::holds_alternative<wire::Repeat>(step().body);
  if (unloads && modules_gone()) {
    unload_requested();
    settle();
    report_after_unload();
    after_unload_sent_ = true;
  }
  if (!goes_on) return false;
  ++held_;
  return true;
}

bool ProgramRun::rest() {
  if (!program_.rests || agent_.cancelled()) return false;
  std::optional<wire::Continue> more = agent_.rest();
  if (!more || more->steps.empty()) return false;
  program_.modules.insert(program_.modules.end(), more->modules.begin(), more->modules.end());
  std::move(more->steps.begin(), more->steps.end(), std::back_inserter(program_.steps));
  return true;
}

void ProgramRun::end() {
  end_commands();
  if (baseline_entries_ && !after_unload_sent_) {
    if (modules_gone()) {
      unload_requested();
      settle();
    }
    report_after_unload();
  }
  if (agent_.sched_trace.running()) {
    agent_.sched_trace.stop();
    agent_.pump_trace();
  }
  const Time ended = now();
  steps_ended_ = ended;
  idle();
  report_unreferenced();
  report_calls();
  agent_.log.mark("end");
  agent_.pump_log();
  agent_.report(wire::ProgramEnded{ended, held_, agent_.cancelled(), timed_out_, error_, prerequisite_error_});
  agent_.log.close();
}

std::optional<wire::Inventory> ProgramRun::take_inventory() {
  auto listed = do_job(Job(Job::Kind::list_entries), later(now(), kInventoryDeadline));
  if (!listed || listed->died) {
    if (error_.empty()) error_ = "listing /proc, /sys and /dev did not come back";
    return std::nullopt;
  }
  agent_.log.restore_console();  // the console's level is one of the settings that are compared
  const auto read = do_job(Job(Job::Kind::read_resources), later(now(), kInventoryDeadline));
  if (!read || read->died) {
    if (error_.empty()) error_ = "reading what the kernel tells of devices, memory and timers did not come back";
    return std::nullopt;
  }
  const bool first = !baseline_entries_;
  wire::Inventory inventory = list_kernel_state(threads_);
  if (!first) {
    shared::EntryDifference difference = shared::compare_entries(*baseline_entries_, listed->content);
    difference.added.resize(std::min(difference.added.size(), kMostEntries));
    difference.lost.resize(std::min(difference.lost.size(), kMostEntries));
    inventory.new_entries = std::move(difference.added);
    inventory.lost_entries = std::move(difference.lost);
    baseline_resources_->compare(read->content, inventory);
  } else {
    baseline_entries_ = std::move(listed->content);
    baseline_resources_.emplace(read->content);
    threads_ = KernelThreads(inventory.threads);
  }
  return inventory;
}

void ProgramRun::report_after_unload() {
  const auto inventory = take_inventory();
  is_changed_ = has_tried_ = false;
  agent_.pump_log();
  const auto last_step = static_cast<std::uint32_t>(program_.steps.empty() ? 0 : program_.steps.size() - 1);
  if (!inventory) return;
  const auto is_blocked = [](const wire::ThreadRecord &thread) { return thread.state == 'D'; };
  if (std::any_of(inventory->threads.begin(), inventory->threads.end(), is_blocked)) hold_autopsy(0);
  agent_.report(wire::AfterUnload{std::min(index_, last_step), *inventory});
}

void ProgramRun::hold_autopsy(std::int32_t caller) {
  if (autopsy_held_) return;
  autopsy_held_ = true;
  agent_.pump_log();
  seen_up_to_ = agent_.log.next_sequence();
  const auto last_step = static_cast<std::uint32_t>(program_.steps.empty() ? 0 : program_.steps.size() - 1);
  wire::Autopsy autopsy{std::min(index_, last_step), now(), caller, {}};
  autopsy.tasks = list_stuck_tasks(caller, threads_.known(), program_.modules);
  agent_.log.mark("autopsy of step " + std::to_string(autopsy.step + 1));
  ask_kernel_for_traces(autopsy.tasks);
  agent_.pump_log();
  agent_.report(autopsy);
}

bool ProgramRun::modules_gone() const {
  const std::vector<wire::ModuleRecord> loaded = list_modules();
  return std::none_of(loaded.begin(), loaded.end(), [this](const wire::ModuleRecord &module) {
    return std::find(program_.modules.begin(), program_.modules.end(), module.name) != program_.modules.end();
  });
}

void ProgramRun::idle() {
  if (program_.idles.count() <= 0 || !has_loaded_ || timed_out_ || agent_.cancelled() || !modules_gone()) return;
  const Time until = later(now(), program_.idles);
  agent_.report(wire::Idles{now(), until});
  while (now() < until && !agent_.cancelled()) agent_.turn(until);
}

void ProgramRun::settle() {
  const Time end = later(now(), kSettleTime);
  while (!threads_.find().empty() && now() < end) {
    const Time next = std::min(end, later(now(), kSettlePoll));
    while (now() < next) agent_.turn(next);
  }
}

}  // namespace kmodtest::guest
