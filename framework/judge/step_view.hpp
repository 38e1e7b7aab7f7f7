// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "judge/observations.hpp"
#include "plan/plan.hpp"

/// The observations of one case, sorted by step.
namespace kmodtest::judge {

/// Returns the tolerance for differences between the clocks of kernel log and guest, and for the time of the agent's
/// sample.
wire::Microseconds slack(wire::Microseconds within);

/// The guest after an unload, and the baseline that it differs from; null: none was reported.
struct UnloadView {
  const wire::AfterUnload *after = nullptr;
  const wire::Baseline *before = nullptr;
};

/// Everything that was streamed of a case, with an index of the step markers in its log.
struct CaseView {
  CaseView(const plan::Case &test_case, const Observations &seen);

  const plan::Case &test_case;
  const Observations &seen;
  std::vector<wire::KernelLogLine> log;                   ///< complete, markers included
  std::vector<std::optional<std::size_t>> markers;        ///< of each guest step: index of its marker in `log`
  std::vector<std::optional<std::uint32_t>> guest_index;  ///< of each case step: index into the guest's program
  /// index into `log`: the beginning of the case (the first marker)
  std::size_t begin = 0;
  std::size_t until = 0;       ///< index after the log of the case: the autopsy follows
  std::uint64_t lost = 0;      ///< log records that were overwritten unread
  std::uint64_t left_out = 0;  ///< log lines that were read, but not sent
  bool program_started = false;
  const wire::Baseline *baseline = nullptr;  ///< before the first step
  std::vector<UnloadView> after_unload;
  const wire::ProgramEnded *program_ended = nullptr;
  const wire::Autopsy *autopsy = nullptr;  ///< of the step whose deadline passed

  /// Returns how many records are missing before and between the lines [first, last) of the log.
  std::uint64_t lost_in(std::size_t first, std::size_t last) const;
  /// Returns the case step during which the record with this sequence number was logged, if any.
  std::optional<std::size_t> step_at(std::uint64_t sequence) const;
  /// Returns the first case step in the guest whose end was not reported, if any.
  std::optional<std::size_t> open_step() const;
};

/// The observations of one guest step.
class StepView {
 public:
  StepView(const CaseView &view, std::size_t case_index);

  const CaseView &all;
  const plan::Step &step;
  std::uint32_t index;  ///< in the guest's program
  const wire::StepStarted *started = nullptr;
  const wire::StepEnded *ended = nullptr;

  const wire::Step &guest() const { return *step.guest; }
  /// Returns the agent messages of one type that belong to this step, in order.
  template <class Message>
  std::vector<const Message *> of() const {
    std::vector<const Message *> found;
    for (const auto &message : all.seen.messages) {
      const auto *one = std::get_if<Message>(&message);
      if (one != nullptr && one->step == index) found.push_back(one);
    }
    return found;
  }
  /// Returns the kernel log of this step alone: from its marker to the first record that it did not see.
  std::vector<wire::KernelLogLine> own_log() const;
  /// Returns an index into the log: one after the last line that the step saw.
  std::size_t log_end() const;
  /// Returns an index into the log: the beginning of the scope of a dmesg step; nothing if the marker is missing.
  std::optional<std::size_t> scope_begin(wire::LogScope scope) const;
  /// Returns the time of the step's marker by the kernel log's clock.
  std::optional<wire::Microseconds> marker_time() const;
};

}  // namespace kmodtest::judge
