// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/report_steps.hpp"

#include "run/report_messages.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {
ReportSteps::ReportSteps(std::string_view report_bytes) {
  for_each_message(report_bytes, [this](std::uint64_t end, const wire::AgentMessage &message) {
    if (const auto *step = std::get_if<wire::StepStarted>(&message)) started_.emplace_back(end, step->step);
    return true;
  });
}

std::optional<std::uint32_t> ReportSteps::at(std::uint64_t bytes) const {
  std::optional<std::uint32_t> last;
  for (const auto &[end, step] : started_)
    if (end <= bytes) last = step;
  return last;
}

std::uint64_t bytes_until(std::string_view report_bytes, const std::vector<wire::AgentMessage> &messages,
                          std::size_t count) {
  std::uint64_t until = 0;
  std::size_t heard = 0;
  for_each_message(report_bytes, [&](std::uint64_t end, const wire::AgentMessage &message) {
    if (heard >= count || heard >= messages.size()) return false;
    if (message.index() != messages[heard].index()) return true;
    if (wire::encode(message, 0) != wire::encode(messages[heard], 0)) return true;
    ++heard;
    until = end;
    return true;
  });
  return until;
}

}  // namespace kmodtest::run
