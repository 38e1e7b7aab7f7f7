// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/step_view.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "shared/kmsg.hpp"
#include "text/number.hpp"

namespace kmodtest::judge {
namespace {

/// Returns the index into the program from "kmodtest: step 3: load ex7_4"; nothing for other markers.
std::optional<std::uint32_t> step_of_marker(std::string_view text) {
  constexpr std::string_view kStep = "step ";
  text.remove_prefix(std::string_view(wire::kMarkerPrefix).size());
  if (!text.starts_with(kStep)) return std::nullopt;
  text.remove_prefix(kStep.size());
  const auto number = text::take_number<std::uint32_t>(text);
  if (!number || *number == 0 || !text.starts_with(':')) return std::nullopt;
  return *number - 1;
}

}  // namespace

wire::Microseconds slack(wire::Microseconds within) {
  return std::chrono::milliseconds(200) + within / 50;
}

CaseView::CaseView(const plan::Case &a_case, const Observations &observations)
    : test_case(a_case), seen(observations), log(observations.log()) {
  std::uint32_t next = 0;
  for (const auto &step : test_case.steps) {
    guest_index.push_back(step.guest ? std::optional(next++) : std::nullopt);
  }
  markers.resize(next);
  until = static_cast<std::size_t>(std::find_if(log.begin(), log.end(), shared::is_autopsy_marker) - log.begin());
  bool marked = false;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (!shared::is_marker(log[i])) continue;
    if (!marked) begin = i;
    marked = true;
    const auto index = step_of_marker(log[i].text);
    if (index && *index < markers.size() && !markers[*index]) markers[*index] = i;
  }
  const wire::Baseline *latest = nullptr;
  for (const auto &message : seen.messages) {
    if (const auto *lines = std::get_if<wire::LogLines>(&message)) {
      lost += lines->lost;
      left_out += lines->left_out;
    }
    if (const auto *taken = std::get_if<wire::Baseline>(&message)) latest = taken;
    if (baseline == nullptr) baseline = latest;
    if (const auto *after = std::get_if<wire::AfterUnload>(&message)) after_unload.push_back({after, latest});
    if (const auto *end = std::get_if<wire::ProgramEnded>(&message)) program_ended = end;
    if (const auto *held = std::get_if<wire::Autopsy>(&message)) autopsy = held;
    if (std::holds_alternative<wire::StepStarted>(message)) program_started = true;
  }
}

std::optional<std::size_t> CaseView::step_at(std::uint64_t sequence) const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < guest_index.size(); ++i) {
    if (!guest_index[i]) continue;
    const auto marker = markers[*guest_index[i]];
    if (marker && log[*marker].sequence <= sequence) found = i;
  }
  return found;
}

std::uint64_t CaseView::lost_in(std::size_t first, std::size_t last) const {
  std::uint64_t missing = 0;
  for (std::size_t i = std::max<std::size_t>(first, 1); i < std::min(last, log.size()); ++i) {
    const std::uint64_t next = log[i - 1].sequence + 1;
    if (log[i].sequence > next) missing += log[i].sequence - next;
  }
  return missing;
}

std::optional<std::size_t> CaseView::open_step() const {
  for (std::size_t i = 0; i < guest_index.size(); ++i) {
    if (guest_index[i] && StepView(*this, i).ended == nullptr) return i;
  }
  return std::nullopt;
}

StepView::StepView(const CaseView &view, std::size_t case_index)
    : all(view), step(view.test_case.steps[case_index]), index(*view.guest_index[case_index]) {
  for (const auto &message : view.seen.messages) {
    if (const auto *start = std::get_if<wire::StepStarted>(&message); start && start->step == index) started = start;
    if (const auto *end = std::get_if<wire::StepEnded>(&message); end && end->step == index) ended = end;
  }
}

std::size_t StepView::log_end() const {
  if (ended == nullptr) return all.log.size();
  const auto after = std::find_if(all.log.begin(), all.log.end(), [this](const wire::KernelLogLine &line) {
    return line.sequence >= ended->log_sequence;
  });
  return static_cast<std::size_t>(after - all.log.begin());
}

std::optional<std::size_t> StepView::scope_begin(wire::LogScope scope) const {
  if (scope == wire::LogScope::start) return 0;
  if (scope == wire::LogScope::here) return all.markers[index];
  // The last action up to here; without any, the whole log, as in the guest.
  std::optional<std::uint32_t> action;
  for (std::size_t i = 0; i < all.test_case.steps.size(); ++i) {
    const auto guest_step = all.guest_index[i];
    if (!guest_step || *guest_step > index) continue;
    if (wire::is_action(all.test_case.steps[i].guest->body)) action = guest_step;
  }
  return action ? all.markers[*action] : 0;
}

std::optional<wire::Microseconds> StepView::marker_time() const {
  const auto marker = all.markers[index];
  return marker ? std::optional(all.log[*marker].time) : std::nullopt;
}

std::vector<wire::KernelLogLine> StepView::own_log() const {
  std::vector<wire::KernelLogLine> lines;
  const auto marker = all.markers[index];
  if (!marker) return lines;
  for (std::size_t i = *marker + 1; i < log_end(); ++i) {
    if (!shared::is_marker(all.log[i])) lines.push_back(all.log[i]);
  }
  return lines;
}

}  // namespace kmodtest::judge
