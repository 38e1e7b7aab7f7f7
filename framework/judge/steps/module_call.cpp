// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/module_call.hpp"

#include <fmt/format.h>

#include "shared/kmsg.hpp"

namespace kmodtest::judge {

const kernel::ModuleInfo *file_of(const StepView &view, const std::string &name) {
  for (const auto &module : view.all.seen.modules) {
    if (module.name == name) return &module;
  }
  return nullptr;
}

void explain(Reading &reading, const std::vector<observe::Refusal> &refusals) {
  for (const auto &refusal : refusals) {
    if (refusal.reason.empty()) continue;
    if (&refusal == &refusals.front()) {
      reading.why += ": " + refusal.reason;
      reading.hint = refusal.why;
    }
    if (refusals.size() > 1) reading.details.push_back(fmt::format("why: {}: {}", refusal.reason, refusal.why));
  }
}

std::vector<std::string> log_details(const StepView &view) {
  std::vector<std::string> lines;
  for (const auto &line : view.own_log()) lines.push_back(shared::render_dmesg(line));
  return lines;
}

}  // namespace kmodtest::judge
