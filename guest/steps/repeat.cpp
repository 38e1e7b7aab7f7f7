// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "program_run.hpp"
#include "resources.hpp"
#include "sample.hpp"

/// The step that loads and unloads modules repeatedly.
namespace kmodtest::guest {
namespace {

// Memory that the kernel's own threads free a little later (RCU, work queues) is free after this; guest time.
constexpr Time kQuiet{100'000};
constexpr Time kCountDeadline{10'000'000};
// For as long as a module is loaded before the first unload of a run without a plan.
constexpr Time kInUse{1'000'000};
constexpr Time kUsePoll{20'000};

}  // namespace

void ProgramRun::wait(Time span) {
  const Time end = std::min(later(now(), span), case_deadline_);
  while (now() < end && !agent_.cancelled()) agent_.turn(end);
}

/// Sends the differences to the count before.
ProgramRun::Outcome ProgramRun::count_memory_after(std::uint32_t rounds, std::vector<wire::MemoryRecord> &last) {
  settle();
  wait(kQuiet);
  const auto read = do_job(Job(Job::Kind::read_memory), later(now(), kCountDeadline));
  if (!read) return expired("counting the memory in use did not come back");
  if (read->died) return StepOutcome{wire::StepResult::violated, "the process that counted the memory was killed"};
  std::vector<wire::MemoryRecord> present = count_memory(read->content);
  wire::MemoryCounted counted{index_, now(), rounds, {}};
  for (const wire::MemoryRecord &record : present)
    if (std::find(last.begin(), last.end(), record) == last.end()) counted.changed.push_back(record);
  last = std::move(present);
  agent_.report(counted);
  return StepOutcome{};
}

void ProgramRun::wait_until_unused(const std::string &name) {
  const auto is_used = [&name] {
    const std::vector<wire::ModuleRecord> modules = list_modules();
    return std::any_of(modules.begin(), modules.end(),
                       [&name](const wire::ModuleRecord &module) { return module.name == name && module.users > 0; });
  };
  for (const Time end = later(now(), kInUse); now() < end && is_used() && !agent_.cancelled();) wait(kUsePoll);
}

ProgramRun::Outcome ProgramRun::run_round(const wire::Repeat &repeat) {
  wire::Load load{repeat.modules, 0};
  limit_deadline();
  Outcome loaded = act(load);
  if (!loaded || loaded->result != wire::StepResult::held) return loaded;
  wait(repeat.hold_for);
  if (repeat.added) wait_until_unused(repeat.modules.back().name);
  wire::Unload unload;
  for (auto module = repeat.modules.rbegin(); module != repeat.modules.rend(); ++module)
    unload.modules.push_back(module->name);
  limit_deadline();
  return act(unload);
}

bool ProgramRun::leaves_out(const wire::Repeat &repeat) const {
  return repeat.added && (busy_ > wire::kMostBusyToRepeat || !modules_gone());
}

ProgramRun::Outcome ProgramRun::act(const wire::Repeat &repeat) {
  if (leaves_out(repeat)) return StepOutcome{};
  std::vector<wire::MemoryRecord> last;
  const std::uint32_t counts = std::clamp<std::uint32_t>(repeat.counts, 1, std::max<std::uint32_t>(repeat.times, 1));
  std::uint32_t counted = 0;
  for (std::uint32_t round = 0;; ++round) {
    // The warm-up, then the count 0, then `counts` more at equal distances.
    if (round >= repeat.warm_up) {
      const std::uint32_t done = round - repeat.warm_up;
      if (done >= std::uint64_t{repeat.times} * counted / counts) {
        Outcome outcome = count_memory_after(done, last);
        if (!outcome || outcome->result != wire::StepResult::held) return outcome;
        ++counted;
      }
      if (done == repeat.times) return StepOutcome{};
    }
    if (now() >= case_deadline_) return expired("the case's timeout passed");
    if (agent_.cancelled()) return std::nullopt;
    Outcome outcome = run_round(repeat);
    if (!outcome) return outcome;
    if (outcome->result != wire::StepResult::held) {
      outcome->detail += " in round " + std::to_string(round + 1);
      return outcome;
    }
  }
}

}  // namespace kmodtest::guest
