// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/notes.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>

#include "judge/steps/module_call.hpp"
#include "observe/races.hpp"

namespace kmodtest::judge {
namespace {

using namespace std::chrono_literals;

/// Above this a call is slow. A stock kernel reports a CPU that is kept busy for 20 s.
constexpr wire::Microseconds kSlowIfBusy = 1s;
constexpr wire::Microseconds kSlowIfWaiting = 10s;

class Notes {
 public:
  explicit Notes(const CaseView &view) : view_(view) {}

  std::vector<std::string> take() {
    for (std::size_t i = 0; i < view_.test_case.steps.size(); ++i) {
      if (!view_.test_case.steps[i].guest) continue;
      const StepView step(view_, i);
      std::visit([&](const auto &body) { add(step, body); }, step.guest().body);
    }
    return std::move(notes_);
  }

 private:
  template <class Body>
  void add(const StepView &, const Body &) {}

  void add(const StepView &step, const wire::Load &) {
    for (const auto *call : step.of<wire::Loaded>()) add_slow("loading", *call);
  }

  void add(const StepView &step, const wire::Unload &unload) {
    for (const auto *call : step.of<wire::Unloaded>()) {
      add_slow("unloading", *call);
      if (!unload.added) continue;
      const auto *file = file_of(step, call->module);
      if (call->error == EBUSY && file != nullptr && file->is_permanent()) {
        notes_.push_back(fmt::format(
            "{} has no exit function, so it stays loaded: what an unload would leave was not checked", call->module));
      }
      const plan::Step *command = unloading_command(view_.test_case);
      if (call->error == ENOENT && command != nullptr)
        notes_.push_back(fmt::format("'{}' has unloaded {}", command->guest->label, call->module));
    }
  }

  void add(const StepView &step, const wire::Repeat &repeat) {
    if (!repeat.added || step.ended == nullptr || step.ended->result != wire::StepResult::held) return;
    if (!step.of<wire::Loaded>().empty()) {
      notes_.push_back(fmt::format("loaded and unloaded {} more times to see whether memory use grows (--load-cycles)",
                                   repeat.warm_up + repeat.times));
    } else if (busy_ > wire::kMostBusyToRepeat) {
      notes_.push_back(fmt::format(
          "not loaded again to see whether memory use grows, since it is slow (--load-cycles {} does)", repeat.times));
    }
  }

  template <class Call>
  void add_slow(const char *doing, const Call &call) {
    busy_ += call.busy;
    if (call.busy >= kSlowIfBusy) {
      notes_.push_back(fmt::format("slow: {} {} kept a CPU busy for {}", doing, call.module, seconds(call.busy)));
    } else if (call.took >= kSlowIfWaiting) {
      notes_.push_back(fmt::format("slow: {} {} took {}", doing, call.module, seconds(call.took)));
    }
  }

  static std::string seconds(wire::Microseconds span) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(span).count());
  }

  const CaseView &view_;
  wire::Microseconds busy_{0};
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> notes_of(const CaseView &view) {
  std::vector<std::string> notes = Notes(view).take();
  if (view.seen.races) notes.insert(notes.end(), view.seen.races->notes.begin(), view.seen.races->notes.end());
  return notes;
}

}  // namespace kmodtest::judge
