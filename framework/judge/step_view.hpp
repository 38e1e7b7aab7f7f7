// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "judge/observations.hpp"
#include "plan/plan.hpp"

/// What was seen of one case, sorted by step.
namespace kmodtest::judge {

/// What the clocks of kernel log and guest, and the agent's own way through a sample, may differ by.
wire::Microseconds slack(wire::Microseconds within);

/// All that was streamed of a case, with an index of the step markers in its log.
struct CaseView {
  CaseView(const plan::Case &test_case, const Observations &seen);

  const plan::Case &test_case;
  const Observations &seen;
  std::vector<wire::KernelLogLine> log;                   ///< whole, markers included
  std::vector<std::optional<std::size_t>> markers;        ///< of each guest step: index of its marker in `log`
  std::vector<std::optional<std::uint32_t>> guest_index;  ///< of each case step: index into the guest's program
  std::size_t begin = 0;                                  ///< index into `log`: where the case began (the first marker)
  std::size_t until = 0;   ///< index behind the log of the case: what follows is the autopsy's
  std::uint64_t lost = 0;  ///< log records that were overwritten unread
  bool program_started = false;
  const wire::Baseline *baseline = nullptr;
  std::vector<const wire::AfterUnload *> after_unload;
  const wire::ProgramEnded *program_ended = nullptr;
  const wire::Autopsy *autopsy = nullptr;  ///< of the step whose deadline passed

  /// The case step during which the record with this sequence was logged, if any.
  std::optional<std::size_t> step_at(std::uint64_t sequence) const;
};

/// What belongs to one guest step.
class StepView {
 public:
  StepView(const CaseView &view, std::size_t case_index);

  const CaseView &all;
  const plan::Step &step;
  std::uint32_t index;  ///< in the guest's program
  const wire::StepStarted *started = nullptr;
  const wire::StepEnded *ended = nullptr;

  const wire::Step &guest() const { return *step.guest; }
  /// Reports of one type that are of this step, in order.
  template <class Message>
  std::vector<const Message *> of() const {
    std::vector<const Message *> found;
    for (const auto &report : all.seen.messages) {
      const auto *one = std::get_if<Message>(&report);
      if (one != nullptr && one->step == index) found.push_back(one);
    }
    return found;
  }
  /// The kernel log of this step alone: from its marker to the first record that it did not see.
  std::vector<wire::KernelLogLine> own_log() const;
  /// Index into the log: one behind the last line that the step saw.
  std::size_t log_end() const;
  /// Index into the log: where the scope of a dmesg step begins; nothing when the marker is missing.
  std::optional<std::size_t> scope_begin(wire::LogScope scope) const;
  /// Time of the step's marker by the kernel log's clock.
  std::optional<wire::Microseconds> marker_time() const;
};

}  // namespace kmodtest::judge
